using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness.Processes;
using SyncCluster.Hosting;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>Two silos and two gateways in front of a stand-in of TheEye, which runs in this process and has a Redis of its own.</summary>
public sealed class TheEyeCluster : ClusterFixture
{
    internal const string Customer = "acme";
    internal const string CallerToken = "caller-token";
    internal const string OperatorToken = "operator-token";

    /// <summary>How long a release without an answer may still take effect: the shortest value that the request timeout allows.</summary>
    internal static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(12);

    /// <summary>How often the supervisor is asked for a job without a message from Redis, with a fifth of jitter.</summary>
    internal static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    private const string ServiceToken = "service-token";
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(4);

    private RedisServer? _theEyesRedis;
    private TheEyeServer? _theEye;

    internal RedisServer TheEyesRedis => _theEyesRedis!;

    internal TheEyeServer TheEye => _theEye!;

    /// <summary>Whether TheEye publishes the end of a job a moment after it can be read.</summary>
    internal bool DelaysMessages { get; set; }

    /// <summary>Calls of all scenarios so far whose answer was that nothing was run, and these answers.</summary>
    internal Dictionary<string, string> RefusedCalls { get; } = [];

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

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_theEye is not null)
        {
            await _theEye.DisposeAsync();
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

    /// <summary>Adds a task whose output is its only argument.</summary>
    /// <param name="run">What a run waits for; null: nothing.</param>
    /// <param name="keepsAll">Whether TheEye keeps all its finished jobs, and not only the newest five.</param>
    internal TheEyeTask AddTask(Func<Task>? run = null, bool keepsAll = true)
    {
        var task = new TheEyeTask { ArgumentCount = 1, AutoremoveCompletedJobs = !keepsAll, Tag = run };
        TheEye.AddTask(Customer, task);
        return task;
    }

    private protected override async Task StartAsync()
    {
        _theEyesRedis = AddRedis("TheEye's Redis", RedisPersistence.EveryWrite);
        await _theEyesRedis.StartAsync();
        _theEye = await TheEyeServer.StartAsync(new()
        {
            Redis = _theEyesRedis.Endpoint,
            Agent = RunAsync,
            MessageDelay = () => DelaysMessages ? TimeSpan.FromMilliseconds(Random.Shared.Next(1, 60)) : TimeSpan.Zero,
        });
        foreach (var (token, name) in (IEnumerable<(string, string)>)[(CallerToken, "caller"), (ServiceToken, "service")])
        {
            _theEye.AddUser(token, new() { Username = name, Email = $"{name}@acme.example", Customer = Customer, CustomerId = "5f0000000000000000000acc" });
        }

        await StartSilosAsync(Enumerable.Range(1, 2).Select(CreateSilo));

        // Gateways that attach again by themselves from time to time would hide that a waiter was lost with its silo.
        await StartGatewaysAsync(Enumerable.Range(1, 2).Select(
            number => AddGateway($"gateway {number}", [$"--Cluster:Redis={Redis.Endpoint}", "--Waiting:AttachInterval=01:00:00", .. Settings])));
    }

    private protected override Server CreateSilo(int number) =>
        AddSilo(
            $"silo {number}",
            [$"--Operator:TokenSha256={Convert.ToHexStringLower(Secret.Hash(OperatorToken))}", "--Logging:LogLevel:SyncCluster.Jobs.IdempotencyGrain=Debug", .. Settings]);

    private static async Task<JobEnd> RunAsync(RunningJob job, CancellationToken canceled)
    {
        if (job.Task.Tag is Func<Task> run)
        {
            await run().WaitAsync(canceled);
        }

        return new() { Output = job.Arguments.ToArray() };
    }
}

/// <summary>One cluster for all scenarios with TheEye.</summary>
[CollectionDefinition(Name)]
public sealed class SharedTheEyeCluster : ICollectionFixture<TheEyeCluster>
{
    public const string Name = "cluster in front of TheEye";
}
