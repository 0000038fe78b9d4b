using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Core.Internal;
using Orleans.Storage;
using SyncCluster.Execution;
using SyncCluster.Execution.Local;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Jobs;
using SyncCluster.Quotas;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>A real silo in this process, with a storage that fails and an executor that runs nothing.</summary>
public sealed class JobCluster : IAsyncLifetime
{
    /// <summary>Longer than anything takes that works.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentBag<WaiterHub> _hubs = [];
    private IHost _host = null!;

    internal ShiftedClock Clock { get; } = new();

    internal FaultyStorage Storage { get; } = new();

    internal StorageCapacity Room { get; } = new();

    internal RecordingExecutor Executor { get; } = new();

    /// <summary>By job, how many Leaves get lost on the way to its grain from now on.</summary>
    internal ConcurrentDictionary<GrainId, int> LostLeaves { get; } = new();

    internal IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public async Task InitializeAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo => silo.UseLocalhostClustering(siloPort: FreePort.Or(0), gatewayPort: 0).AddIncomingGrainCallFilter(LoseLeaveAsync));
        builder.Services.AddSingleton<TimeProvider>(Clock);
        builder.Services.AddKeyedSingleton<IGrainStorage>(StorageNames.Jobs, Storage);
        builder.Services.AddSingleton<IJobExecutor>(Executor);
        builder.Services.AddSingleton<ActiveJobs>();
        builder.Services.AddSingleton<CompletionRelay>();
        builder.Services.AddSingleton<CompletionPublisher>();
        builder.Services.AddSingleton(Room);
        builder.Services.AddSingleton<JobAdmission>();
        builder.Services.AddSingleton<SiloInventoryClient>();
        builder.Services.AddSingleton<RunnerServiceClient>();
        builder.Services.AddGrainService<SiloInventory>(GrainServiceTypes.SiloInventory);
        builder.Services.Configure<JobQuotaOptions>(limits => limits.Customers["limited"] = new() { Jobs = 3, Tasks = { ["single"] = 1 } });
        _host = builder.Build();
        await _host.StartAsync();
        Executor.Address = _host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
    }

    public async Task DisposeAsync()
    {
        foreach (var hub in _hubs)
        {
            await hub.StopAsync(CancellationToken.None);
            hub.Dispose();
        }

        await _host.StopAsync();
        _host.Dispose();
    }

    /// <summary>A gateway's waiters.</summary>
    internal async Task<WaiterHub> GatewayAsync(WaitingOptions? options = null, TimeProvider? time = null, CancellationToken stop = default)
    {
        var hub = new WaiterHub(
            Grains,
            new GatewayLifetime(stop),
            Options.Create(options ?? new WaitingOptions()),
            time ?? TimeProvider.System,
            NullLoggerFactory.Instance);
        _hubs.Add(hub);
        await hub.StartAsync(CancellationToken.None);
        return hub;
    }

    /// <summary>The job, of a call that may be repeated.</summary>
    internal static JobSpec WithKey(JobSpec spec, string asksFor) => spec with { Fingerprint = Encoding.UTF8.GetBytes(asksFor) };

    /// <summary>Has a grain leave memory.</summary>
    internal Task ForgetAsync(IAddressable grain) => grain.AsReference<IGrainManagementExtension>().DeactivateOnIdle().AsTask();

    internal TestJob NewJob(TaskType type = TaskType.Script) => NewJob("demo", "0123456789abcdef01234567") is var job && type == TaskType.Script
        ? job
        : new(this, job.Spec with { Type = type });

    internal TestJob NewJob(string customer, string task, bool oneAtATime = false) => new(this, new JobSpec
    {
        JobId = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray().AsSpan(0, 12)),
        Customer = customer,
        TaskId = task,
        TaskName = "Greet",
        Type = TaskType.Script,
        RunsSerially = oneAtATime,
        Arguments = "[\"a\"]"u8.ToArray(),
        User = new JobUser("demo", "demo@example.com"),
        CreatedAt = DateTimeOffset.UnixEpoch,
    });

    private Task LoseLeaveAsync(IIncomingGrainCallContext call)
    {
        if (call.MethodName == nameof(IJobGrain.Leave) && LostLeaves.TryGetValue(call.TargetId, out var lost) && lost > 0)
        {
            LostLeaves[call.TargetId] = lost - 1;
            throw new TimeoutException("This Leave is lost.");
        }

        return call.Invoke();
    }
}

/// <summary>The lifetime of a gateway, which the test ends.</summary>
internal sealed class GatewayLifetime(CancellationToken stopping) : IHostApplicationLifetime
{
    public CancellationToken ApplicationStarted => new(canceled: true);

    public CancellationToken ApplicationStopping => stopping;

    public CancellationToken ApplicationStopped => CancellationToken.None;

    public void StopApplication() => throw new NotSupportedException("The test stops it.");
}

/// <summary>The machine's clock, put forward.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    private long _shift;
    private long _dateShift;

    public override long GetTimestamp() => System.GetTimestamp() + Volatile.Read(ref _shift);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Volatile.Read(ref _dateShift));

    /// <summary>The date, which gateways and silos compare; the time that passes goes on as it is.</summary>
    public void ForwardDate(TimeSpan time) => Interlocked.Add(ref _dateShift, time.Ticks);

    public void Forward(TimeSpan time) => Interlocked.Add(ref _shift, (long)(time.TotalSeconds * TimestampFrequency));
}

/// <summary>One job of a test, seen from all sides.</summary>
internal sealed class TestJob(JobCluster cluster, JobSpec spec)
{
    /// <summary>Until when a submit counts that nobody has given up.</summary>
    public static readonly DateTimeOffset Valid = DateTimeOffset.MaxValue;

    public static readonly JobOutcome Success = ServerOutcomes.Dummy("[\"done\"]"u8.ToArray());

    public static readonly JobOutcome Failure = ServerOutcomes.NotRun("It failed.");

    public JobSpec Spec => spec;

    public string Key => JobKey.Of(spec.Customer, spec.JobId);

    public IJobGrain Grain => cluster.Grains.GetGrain<IJobGrain>(Key);

    public FaultyStorage.Faults Storage => cluster.Storage.Of(Grain.GetGrainId());

    public RecordingExecutor.Log Executor => cluster.Executor.Of(spec.JobId);

    public Deadline Soon => new(TimeProvider.System, JobCluster.Patience);

    public Task<JobRecord?> StoredAsync() => cluster.Storage.PeekAsync(Grain.GetGrainId());

    public Task PutAsync(JobRecord record) => cluster.Storage.PutAsync(Grain.GetGrainId(), record);

    /// <summary>A gateway's ear for this job.</summary>
    public TestObserver Ear(int failures = 0) => new(this, cluster.Grains, failures);

    /// <summary>Submits the job; it must be released.</summary>
    public async Task<TestObserver> SubmitAsync()
    {
        var ear = Ear();
        Assert.IsType<JobReply.Pending>(await Grain.Submit(spec, ear.Subscription(1), Valid));
        return ear;
    }

    public Task<Assignment> AssignAsync(Guid attempt, Guid run) => Grain.Assign(attempt, run, cluster.Executor.Address);

    /// <summary>Brings the newest attempt to run.</summary>
    public async Task<Guid> RunAsync()
    {
        var run = Guid.NewGuid();
        Assert.Equal(Assignment.Granted, await AssignAsync(Executor.Attempts.Last(), run));
        return run;
    }

    /// <summary>Runs the job to its end.</summary>
    public async Task FinishAsync() => Assert.Equal(Completion.Accepted, await Grain.Complete(await RunAsync(), Success));

    /// <summary>The record as another activation would end it.</summary>
    public async Task EndBehindTheGrainAsync() => await PutAsync((await StoredAsync())!.Ended(Success, DateTimeOffset.UtcNow));
}

/// <summary>What a gateway hears of a job.</summary>
internal sealed class TestObserver : IJobObserver
{
    private readonly TestJob _job;
    private readonly IJobObserver _reference;
    private readonly TaskCompletionSource<FinishedJob> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _failures;

    public TestObserver(TestJob job, IGrainFactory grains, int failures)
    {
        _job = job;
        _failures = failures;
        _reference = grains.CreateObjectReference<IJobObserver>(this);
    }

    public ConcurrentQueue<FinishedJob> Heard { get; } = new();

    public ConcurrentQueue<string> Moves { get; } = new();

    /// <summary>For each push, whether the end stood in storage when it came.</summary>
    public ConcurrentQueue<bool> WasStored { get; } = new();

    public Subscription Subscription(long version) => new(_reference, version);

    public async Task<FinishedJob> FirstAsync()
    {
        var finished = await _first.Task.WaitAsync(JobCluster.Patience);
        Assert.DoesNotContain(false, WasStored);
        return finished;
    }

    public async Task Completed(FinishedJob job)
    {
        WasStored.Enqueue(await _job.StoredAsync() is { HasEnded: true });
        if (Interlocked.Decrement(ref _failures) >= 0)
        {
            throw new InvalidOperationException("This ear is deaf for now.");
        }

        Heard.Enqueue(job);
        _first.TrySetResult(job);
    }

    public Task AllCompleted(FinishedJob[] jobs) => Task.WhenAll(jobs.Select(Completed));

    public Task Moved(string key)
    {
        Moves.Enqueue(key);
        return Task.CompletedTask;
    }
}
