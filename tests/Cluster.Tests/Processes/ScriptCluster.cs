using System.Text.Json.Nodes;

namespace SyncCluster.Cluster.Tests.Processes;

/// <summary>Three silos that run scripts, and three gateways.</summary>
public sealed class ScriptCluster : ProcessCluster
{
    /// <summary>Scripts at once on a silo.</summary>
    internal const int Concurrency = 8;

    /// <summary>How long a silo that stops lets its scripts run; they are killed half a second later.</summary>
    internal static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(4);

    private Server? _clerk;

    /// <summary>Calls that were told that nothing was run, in all scenarios so far, and how they were told.</summary>
    internal Dictionary<string, string> Refused { get; } = [];

    /// <summary>A gateway on which no call waits for long, as behind a proxy: its 504 tells a client the address of its job while the job is there.</summary>
    internal Server Clerk => _clerk!;

    internal override IEnumerable<Server> Servers => _clerk is null ? base.Servers : base.Servers.Append(_clerk);

    /// <summary>Each script that has begun, in a line: its call, its parent process and that one's parent, one of which is its silo.</summary>
    internal string RanFile => Path.Combine(Folder, "ran");

    /// <summary>Jobs of the task that runs one at a time, which found that another one ran.</summary>
    internal string OverlapsFile => Path.Combine(Folder, "overlaps");

    private string Recipes => Path.Combine(Folder, "tasks");

    private protected override Task PrepareAsync()
    {
        Directory.CreateDirectory(Recipes);
        return WriteTasksAsync();
    }

    private protected override IReadOnlyList<Server> MakeGateways()
    {
        string[] gateway = [$"--Cluster:Redis={Redis.Endpoint}", $"--Demo:Folder={Recipes}"];
        _clerk = Gateway("clerk", [.. gateway, "--Waiting:Maximum=00:00:02"]);
        return [.. Enumerable.Range(0, 2).Select(number => Gateway($"gateway {number}", gateway))];
    }

    private protected override IReadOnlyList<Server> MakeSilos() => [.. Enumerable.Range(0, 3).Select(Silo)];

    private protected override Server Silo(int number) => Silo(
        number,
        $"--LocalExecutor:Concurrency={Concurrency}",
        "--LocalExecutor:QueueLimit=10000",
        $"--LocalExecutor:DrainTime={DrainTime}",
        "--LocalExecutor:KillGrace=00:00:00.500");

    private async Task WriteTasksAsync()
    {
        var script = new JsonObject
        {
            ["task"] = new JsonObject
            {
                ["name"] = "traced",
                ["type"] = "script",
                ["script_runas"] = "sh %script%",
                ["timeout"] = 120_000,
                ["task_arguments"] = Arguments("call", "gate", "seconds"),
            },
            ["file"] = new JsonObject { ["filename"] = "traced.sh" },
        };
        var solo = script.DeepClone();
        solo["task"]!["name"] = "solo";
        solo["task"]!["multitasking"] = false;
        solo["file"]!["filename"] = "solo.sh";
        var padded = new JsonObject
        {
            ["task"] = new JsonObject
            {
                ["name"] = "padded",
                ["type"] = "script",
                ["script_runas"] = "sh %script%",
                ["timeout"] = 120_000,
                ["task_arguments"] = Arguments("call", "seconds", "padding"),
            },
            ["file"] = new JsonObject { ["filename"] = "padded.sh" },
        };
        var echo = new JsonObject
        {
            ["task"] = new JsonObject { ["name"] = "echo", ["type"] = "dummy", ["task_arguments"] = Arguments("call") },
        };
        await File.WriteAllTextAsync(Path.Combine(Recipes, "traced.json"), script.ToJsonString());
        await File.WriteAllTextAsync(Path.Combine(Recipes, "padded.json"), padded.ToJsonString());
        await File.WriteAllTextAsync(Path.Combine(Recipes, "echo.json"), echo.ToJsonString());
        await File.WriteAllTextAsync(Path.Combine(Recipes, "solo.json"), solo.ToJsonString());
        var traced = $$"""
            read -r _ _ _ grandparent _ < /proc/$PPID/stat
            echo "$1 $PPID $grandparent" >> {{RanFile}}
            [ "$2" = - ] || read -r _ < {{Folder}}/"$2"
            [ "$3" = 0 ] || sleep "$3"
            printf '["%s"]\n' "$1"
            """;
        await File.WriteAllTextAsync(Path.Combine(Recipes, "traced.sh"), traced);
        await File.WriteAllTextAsync(Path.Combine(Recipes, "solo.sh"), $$"""
            exec 9> {{Folder}}/alone
            flock -n 9 || echo "$1" >> {{OverlapsFile}}
            {{traced}}
            """);
        await File.WriteAllTextAsync(Path.Combine(Recipes, "padded.sh"), $$"""
            read -r _ _ _ grandparent _ < /proc/$PPID/stat
            echo "$1 $PPID $grandparent" >> {{RanFile}}
            [ "$2" = 0 ] || sleep "$2"
            printf '["%s","%*s"]\n' "$1" "$3" ""
            """);
        await File.WriteAllTextAsync(RanFile, "");
    }

    private static JsonArray Arguments(params string[] labels) =>
        [.. labels.Select((label, order) => new JsonObject { ["order"] = order, ["type"] = "input", ["label"] = label })];
}

/// <summary>One cluster for all scenarios, each of which leaves it restored.</summary>
[CollectionDefinition(Name)]
public sealed class SharedCluster : ICollectionFixture<ScriptCluster>
{
    public const string Name = "cluster";
}
