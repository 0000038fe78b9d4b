using System.Diagnostics;
using System.Text.Json.Nodes;

namespace SyncCluster.Bench;

/// <summary>The tasks that are called: each ends at once, but for the last one.</summary>
internal static class BenchTasks
{
    /// <summary>Without a script.</summary>
    public const string Dummy = "dummy";

    /// <summary>A script that ends at once.</summary>
    public const string Quick = "quick";

    /// <summary>A script that waits, without using the processor, for a pipe that nobody opens.</summary>
    public const string Endless = "endless";

    /// <param name="recipes">The gateways' <c>Demo:Folder</c>.</param>
    /// <param name="folder">Where the pipe is to be.</param>
    public static async Task WriteAsync(string recipes, string folder)
    {
        var gate = Path.Combine(folder, "gate");
        using var make = Process.Start("mkfifo", [gate]);
        await make.WaitForExitAsync();
        await WriteAsync(recipes, Dummy, script: null);
        await WriteAsync(recipes, Quick, """echo '["done"]'""");
        await WriteAsync(recipes, Endless, $"read -r _ < {gate}");
    }

    private static async Task WriteAsync(string recipes, string name, string? script)
    {
        var recipe = new JsonObject
        {
            ["task"] = new JsonObject
            {
                ["name"] = name,
                ["type"] = script is null ? "dummy" : "script",
                ["task_arguments"] = new JsonArray(),
            },
        };
        if (script is not null)
        {
            recipe["task"]!["script_runas"] = "sh %script%";
            recipe["task"]!["timeout"] = (int)TimeSpan.FromHours(6).TotalMilliseconds;
            recipe["file"] = new JsonObject { ["filename"] = $"{name}.sh" };
            await File.WriteAllTextAsync(Path.Combine(recipes, $"{name}.sh"), script);
        }

        await File.WriteAllTextAsync(Path.Combine(recipes, $"{name}.json"), recipe.ToJsonString());
    }
}
