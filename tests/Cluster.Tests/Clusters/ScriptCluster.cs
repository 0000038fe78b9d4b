using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Clusters;

/// <summary>Three silos that run scripts, and three gateways.</summary>
public class ScriptCluster : ClusterFixture
{
    /// <summary>How many scripts a silo runs at once.</summary>
    internal const int Concurrency = 8;

    /// <summary>How many jobs of the task <c>limited</c> there may be.</summary>
    internal const int TaskLimit = 3;

    /// <summary>
    /// How long a stopping silo lets its scripts run; half a second later they are killed. Much longer than those scripts take that are to end by
    /// themselves.
    /// </summary>
    internal static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(15);

    private Server? _shortWaitGateway;

    public ScriptCluster()
    {
    }

    private protected ScriptCluster(IEnumerable<string> redisSettings)
        : base(redisSettings)
    {
    }

    /// <summary>Calls of all scenarios so far whose answer was that nothing was run, and these answers.</summary>
    internal Dictionary<string, string> RefusedCalls { get; } = [];

    /// <summary>
    /// A gateway with a short maximum wait, as behind a proxy: its 504 tells a client the address of the job while the job is pending. It is patient
    /// until the job exists: else a slow submit would be answered 503.
    /// </summary>
    internal Server ShortWaitGateway => _shortWaitGateway!;

    internal override IEnumerable<Server> Servers => _shortWaitGateway is null ? base.Servers : base.Servers.Append(_shortWaitGateway);

    /// <summary>A line for each script that has begun: its call, its parent process and the parent of that one; one of the two is its silo.</summary>
    internal string RunsFile => Path.Combine(Folder, "runs");

    /// <summary>A line for each job of the serial task that began while another one ran.</summary>
    internal string OverlapsFile => Path.Combine(Folder, "overlaps");

    private string Recipes => Path.Combine(Folder, "tasks");

    private protected override async Task StartAsync()
    {
        Directory.CreateDirectory(Recipes);
        await WriteTasksAsync();
        await StartSilosAsync(Enumerable.Range(1, 3).Select(CreateSilo));
        string[] settings =
        [
            $"--Cluster:Redis={RedisSetting}", $"--Demo:Folder={Recipes}",
            $"--Operator:TokenSha256={OperatorConsole.TokenSha256}",
        ];
        _shortWaitGateway = AddGateway("short-wait gateway", [.. settings, "--Waiting:Maximum=00:00:02", "--Waiting:Patience=00:00:20"]);
        await Task.WhenAll(
            _shortWaitGateway.StartAsync(),
            StartGatewaysAsync([AddGateway("gateway 1", settings), AddGateway("gateway 2", settings)]));
    }

    private protected override Server CreateSilo(int number) => AddSilo(
        $"silo {number}",
        $"--LocalExecutor:Concurrency={Concurrency}",
        "--LocalExecutor:QueueLimit=10000",
        $"--LocalExecutor:DrainTime={DrainTime}",
        "--LocalExecutor:KillGrace=00:00:00.500",
        $"--Limits:Jobs:Customers:demo:Tasks:limited={TaskLimit}");

    private async Task WriteTasksAsync()
    {
        const string Trace = """
            read -r _ _ _ grandparent _ < /proc/$PPID/stat
            echo "$1 $PPID $grandparent" >>
            """;
        var traced = $$"""
            {{Trace}} {{RunsFile}}
            [ "$2" = {{ScriptLatch.None}} ] || read -r _ < {{Folder}}/"$2"
            [ "$3" = 0 ] || sleep "$3"
            printf '["%s"]\n' "$1"
            """;
        var serial = $$"""
            exec 9> {{Folder}}/serial.lock
            flock -n 9 || echo "$1" >> {{OverlapsFile}}
            {{traced}}
            """;
        var padded = $$"""
            {{Trace}} {{RunsFile}}
            [ "$2" = 0 ] || sleep "$2"
            printf '["%s","%*s"]\n' "$1" "$3" ""
            """;
        DemoTask[] tasks =
        [
            new("traced") { Script = traced, Arguments = ["call", "latch", "seconds"] },
            new("serial") { Script = serial, Arguments = ["call", "latch", "seconds"], IsSerial = true },
            new("limited") { Script = traced, Arguments = ["call", "latch", "seconds"] },
            new("padded") { Script = padded, Arguments = ["call", "seconds", "padding"] },
            new("echo") { Arguments = ["call"] },
        ];
        await Task.WhenAll(tasks.Select(task => task.WriteAsync(Recipes)));
        await File.WriteAllTextAsync(RunsFile, "");
    }
}

/// <summary>One cluster for all scenarios with scripts.</summary>
[CollectionDefinition(Name)]
public sealed class SharedCluster : ICollectionFixture<ScriptCluster>
{
    public const string Name = "cluster";
}
