using System.Text.Json.Nodes;

namespace SyncCluster.Harness;

/// <summary>A task of the demonstration's customer, as a gateway reads it from its <c>Demo:Folder</c>.</summary>
/// <param name="Name">The name it is called by.</param>
public sealed record DemoTask(string Name)
{
    /// <summary>What <c>sh</c> runs; null for a dummy task, which ends in the write that creates its job.</summary>
    public string? Script { get; init; }

    /// <summary>The labels of its arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Whether its jobs run one at a time.</summary>
    public bool IsSerial { get; init; }

    /// <summary>How long a script may run.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <param name="folder">The gateway's <c>Demo:Folder</c>.</param>
    /// <param name="name">Of the task.</param>
    /// <returns>The path of its script.</returns>
    public static string ScriptPath(string folder, string name) => Path.Combine(folder, $"{name}.sh");

    /// <summary>Writes the recipe and the script.</summary>
    /// <param name="folder">The gateway's <c>Demo:Folder</c>.</param>
    public async Task WriteAsync(string folder)
    {
        var task = new JsonObject
        {
            ["name"] = Name,
            ["type"] = Script is null ? "dummy" : "script",
            ["task_arguments"] = new JsonArray(
                [.. Arguments.Select((label, order) => new JsonObject { ["order"] = order, ["type"] = "input", ["label"] = label })]),
        };
        var recipe = new JsonObject { ["task"] = task };
        if (Script is not null)
        {
            task["script_runas"] = "sh %script%";
            task["timeout"] = (int)Timeout.TotalMilliseconds;
            task["multitasking"] = !IsSerial;
            recipe["file"] = new JsonObject { ["filename"] = $"{Name}.sh" };
            await File.WriteAllTextAsync(ScriptPath(folder, Name), Script);
        }

        await File.WriteAllTextAsync(Path.Combine(folder, $"{Name}.json"), recipe.ToJsonString());
    }
}
