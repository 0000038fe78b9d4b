using SyncCluster.Cluster.Tests.Processes;
using SyncCluster.Hosting;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>Two silos and two gateways in front of a stand-in of TheEye, which is in this process and has a Redis of its own.</summary>
public sealed class TheEyeCluster : ProcessCluster
{
    internal const string Customer = "acme";
    internal const string CallerToken = "caller-token";
    internal const string OperatorToken = "operator-token";

    /// <summary>How long a release whose fate is unknown may be under way: as short as it may be beside the request timeout.</summary>
    internal static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(8);

    /// <summary>How often the supervisor is asked for a job of which Redis says nothing, with a fifth of jitter.</summary>
    internal static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    private const string ServiceToken = "service-token";
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(2);

    private RedisServer? _theEyesRedis;
    private TheEyeServer? _theEye;

    internal RedisServer TheEyesRedis => _theEyesRedis!;

    internal TheEyeServer TheEye => _theEye!;

    /// <summary>Calls that were told that nothing was run, in all scenarios so far, and how they were told.</summary>
    internal Dictionary<string, string> Refused { get; } = [];

    private string[] Settings =>
    [
        "--Executor=TheEye",
        $"--TheEye:Supervisor={TheEye.Supervisor}",
        $"--TheEye:Gateway={TheEye.Gateway}",
        $"--TheEye:Redis={TheEyesRedis.Endpoint}",
        $"--TheEye:ServiceTokens:{Customer}={ServiceToken}",
        $"--TheEye:RequestTimeout={RequestTimeout}",
        $"--TheEye:SettleTime={SettleTime}",
        $"--TheEye:PollInterval={PollInterval}",
    ];

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        if (_theEye is not null)
        {
            await _theEye.DisposeAsync();
        }

        if (_theEyesRedis is not null)
        {
            await _theEyesRedis.DisposeAsync();
        }
    }

    internal override async Task RestoreAsync()
    {
        if (TheEyesRedis.Process.HasExited)
        {
            await TheEyesRedis.StartAsync();
        }

        await TheEye.StartSupervisorAsync();
        await base.RestoreAsync();
    }

    /// <summary>A task of one argument, which is its output.</summary>
    /// <param name="runs">What a run waits for; null: nothing.</param>
    /// <param name="keepsAll">Whether its finished jobs are kept, and not only the newest five.</param>
    internal TheEyeTask AddTask(Func<Task>? runs = null, bool keepsAll = true)
    {
        var task = new TheEyeTask { ArgumentCount = 1, AutoremoveCompletedJobs = !keepsAll, Tag = runs };
        TheEye.AddTask(Customer, task);
        return task;
    }

    private protected override async Task PrepareAsync()
    {
        _theEyesRedis = new(Directory.CreateDirectory(Path.Combine(Folder, "theeyes-redis")).FullName);
        await _theEyesRedis.StartAsync();
        _theEye = await TheEyeServer.StartAsync(new() { Redis = _theEyesRedis.Endpoint, Agent = RunAsync });
        foreach (var (token, name) in (IEnumerable<(string, string)>)[(CallerToken, "caller"), (ServiceToken, "service")])
        {
            _theEye.AddUser(token, new() { Username = name, Email = $"{name}@acme.example", Customer = Customer, CustomerId = "5f0000000000000000000acc" });
        }
    }

    private protected override IReadOnlyList<Server> MakeGateways() =>
    [
        // What a silo's death has cost is not to be made good by what the gateways do from time to time.
        .. Enumerable.Range(0, 2).Select(number => Gateway($"gateway {number}", [$"--Cluster:Redis={Redis.Endpoint}", "--Waiting:AttachInterval=01:00:00", .. Settings])),
    ];

    private protected override IReadOnlyList<Server> MakeSilos() => [.. Enumerable.Range(0, 2).Select(Silo)];

    private protected override Server Silo(int number) =>
        Silo(number, [$"--Operator:TokenSha256={Convert.ToHexStringLower(Secret.Hash(OperatorToken))}", .. Settings]);

    private static async Task<JobEnd> RunAsync(RunningJob job, CancellationToken canceled)
    {
        if (job.Task.Tag is Func<Task> runs)
        {
            await runs().WaitAsync(canceled);
        }

        return new() { Output = job.Arguments.ToArray() };
    }
}

/// <summary>One cluster for all scenarios with TheEye, each of which leaves it restored.</summary>
[CollectionDefinition(Name)]
public sealed class SharedTheEyeCluster : ICollectionFixture<TheEyeCluster>
{
    public const string Name = "cluster in front of TheEye";
}
