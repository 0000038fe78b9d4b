using System.Text.Json.Nodes;

namespace SyncCluster.Cluster.Tests.Processes;

/// <summary>Redis, three silos and three gateways, each a process of its own.</summary>
public sealed class ProcessCluster : IAsyncLifetime
{
    /// <summary>Scripts at once on a silo.</summary>
    internal const int Concurrency = 8;

    /// <summary>How long a silo that stops lets its scripts run; they are killed half a second later.</summary>
    internal static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(4);

    private readonly List<Server> _extra = [];
    private RedisServer? _redis;

    /// <summary>Calls that were told that nothing was run, in all scenarios so far, and how they were told.</summary>
    internal Dictionary<string, string> Refused { get; } = [];

    internal string Folder { get; } = Directory.CreateTempSubdirectory("synccluster-chaos-").FullName;

    internal RedisServer Redis => _redis!;

    internal IReadOnlyList<Server> Silos { get; private set; } = [];

    /// <summary>Where calls wait.</summary>
    internal IReadOnlyList<Server> Gateways { get; private set; } = [];

    /// <summary>A gateway on which no call waits for long, as behind a proxy: its 504 tells a client the address of its job while the job is there.</summary>
    internal Server Clerk { get; private set; } = null!;

    internal IEnumerable<Server> Servers => [.. Silos, .. _extra, .. Gateways, Clerk];

    /// <summary>Each script that has begun, in a line: its call, its parent process and that one's parent, one of which is its silo.</summary>
    internal string RanFile => Path.Combine(Folder, "ran");

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.Missing is not null)
        {
            return;
        }

        try
        {
            await StartAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var server in Servers.Where(server => server is not null))
        {
            server.Dispose();
        }

        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>A silo more, until the next <see cref="RestoreAsync"/>.</summary>
    internal async Task<Server> AddSiloAsync()
    {
        var silo = Silo(Silos.Count + _extra.Count);
        _extra.Add(silo);
        await silo.StartAsync();
        return silo;
    }

    /// <summary>Has everything run as in the beginning, and the membership say so.</summary>
    internal async Task RestoreAsync()
    {
        foreach (var silo in _extra)
        {
            silo.Dispose();
        }

        _extra.Clear();
        if (Redis.Process.HasExited)
        {
            await Redis.StartAsync();
        }

        await Task.WhenAll(Servers.Where(server => server.Process.HasExited || server.IsFrozen).Select(server => server.StartAsync()));
        await SettledAsync();
    }

    /// <summary>Until the membership names the silos that run, and no other.</summary>
    internal Task SettledAsync() => Until.TrueAsync(
        async () =>
        {
            var members = await Redis.MembersAsync();
            return members.Values.All(active => active)
                && members.Keys.ToHashSet().SetEquals(Silos.Concat(_extra).Where(silo => !silo.Process.HasExited && !silo.IsFrozen).Select(silo => silo.Address));
        },
        "the membership names the silos that run, and no other");

    /// <summary>Until the others have declared it dead.</summary>
    internal Task DeclaredDeadAsync(Server silo) =>
        Until.TrueAsync(async () => !(await Redis.MembersAsync()).ContainsKey(silo.Address), $"{silo.Name} is declared dead");

    private async Task StartAsync()
    {
        _redis = new(Directory.CreateDirectory(Path.Combine(Folder, "redis")).FullName);
        await _redis.StartAsync();
        var recipes = Directory.CreateDirectory(Path.Combine(Folder, "tasks")).FullName;
        await WriteTasksAsync(recipes);
        string[] gateway = [$"--Cluster:Redis={_redis.Endpoint}", $"--Demo:Folder={recipes}"];
        Silos = [.. Enumerable.Range(0, 3).Select(Silo)];
        Gateways = [.. Enumerable.Range(0, 2).Select(number => new Server($"gateway {number}", "SyncCluster.Gateway.dll", gateway))];
        Clerk = new("clerk", "SyncCluster.Gateway.dll", [.. gateway, "--Waiting:Maximum=00:00:02"]);
        await Task.WhenAll(Silos.Select(silo => silo.StartAsync()));
        await Task.WhenAll(Gateways.Append(Clerk).Select(server => server.StartAsync()));
        await SettledAsync();
    }

    private Server Silo(int number) => new(
        $"silo {number}",
        "SyncCluster.Silo.dll",
        [
            $"--Cluster:Redis={Redis.Endpoint}", "--Cluster:SiloPort=0", "--Cluster:GatewayPort=0", $"--LocalExecutor:Concurrency={Concurrency}",
            "--LocalExecutor:QueueLimit=10000", $"--LocalExecutor:DrainTime={DrainTime}", "--LocalExecutor:KillGrace=00:00:00.500",
        ]);

    private async Task WriteTasksAsync(string recipes)
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
        var echo = new JsonObject
        {
            ["task"] = new JsonObject { ["name"] = "echo", ["type"] = "dummy", ["task_arguments"] = Arguments("call") },
        };
        await File.WriteAllTextAsync(Path.Combine(recipes, "traced.json"), script.ToJsonString());
        await File.WriteAllTextAsync(Path.Combine(recipes, "echo.json"), echo.ToJsonString());
        await File.WriteAllTextAsync(Path.Combine(recipes, "traced.sh"), $$"""
            read -r _ _ _ grandparent _ < /proc/$PPID/stat
            echo "$1 $PPID $grandparent" >> {{RanFile}}
            [ "$2" = - ] || read -r _ < {{Folder}}/"$2"
            [ "$3" = 0 ] || sleep "$3"
            printf '["%s"]\n' "$1"
            """);
        await File.WriteAllTextAsync(RanFile, "");
    }

    private static JsonArray Arguments(params string[] labels) =>
        [.. labels.Select((label, order) => new JsonObject { ["order"] = order, ["type"] = "input", ["label"] = label })];
}

/// <summary>One cluster for all scenarios, each of which leaves it restored.</summary>
[CollectionDefinition(Name)]
public sealed class SharedCluster : ICollectionFixture<ProcessCluster>
{
    public const string Name = "cluster";
}
