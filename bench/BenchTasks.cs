using System.Diagnostics;
using System.Text.Json.Nodes;

namespace SyncCluster.Bench;

/// <summary>The tasks that are called: each ends at once, but for the endless one.</summary>
internal static class BenchTasks
{
    /// <summary>Without a script.</summary>
    public const string Dummy = "dummy";

    /// <summary>A script that ends at once.</summary>
    public const string Quick = "quick";

    /// <summary>A script that waits, without using the processor, for a pipe that nobody opens.</summary>
    public const string Endless = "endless";

    /// <summary>A script that leaves its argument behind and gives it for its output.</summary>
    public const string Append = "append";

    /// <summary>What <see cref="Append"/> leaves behind, a line a run.</summary>
    /// <param name="folder">That of the servers.</param>
    public static string Appended(string folder) => Path.Combine(folder, "appended");

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
        await WriteAsync(recipes, Append, $"""
            echo "$1" >> {Appended(folder)}
            printf '["%s"]\n' "$1"
            """, arguments: 1);
    }

    private static async Task WriteAsync(string recipes, string name, string? script, int arguments = 0)
    {
        var recipe = new JsonObject
        {
            ["task"] = new JsonObject
            {
                ["name"] = name,
                ["type"] = script is null ? "dummy" : "script",
                ["task_arguments"] = new JsonArray(
                    [.. Enumerable.Range(0, arguments).Select(order => new JsonObject { ["order"] = order, ["type"] = "input", ["label"] = $"argument {order}" })]),
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
