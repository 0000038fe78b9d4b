using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using SyncCluster.Execution;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Placement;
using SyncCluster.Quotas;
using SyncCluster.Storage;

namespace SyncCluster.Grains.Tests.Jobs;

/// <summary>With debug logging an operator can follow each job through its states.</summary>
public sealed class JobGrainLogTests : IDisposable
{
    private static readonly SiloAddress Silo = SiloAddress.New(new(0x0100007F), 11111, 42);
    private static readonly Guid Run = Guid.NewGuid();

    private readonly MemoryStorage _storage = new();
    private readonly Executor _executor = new();
    private readonly Log _log = new();
    private JobEventOptions _options = new();

    public void Dispose() => _storage.Dispose();

    [Fact]
    public async Task A_job_that_runs_is_logged_when_it_is_submitted_when_it_is_assigned_and_when_it_ends()
    {
        var job = NewGrain();
        await SubmitAsync(job);
        await job.Assign(_executor.Attempt, Run, Silo);
        await job.Complete(Run, JobSamples.Outcome());

        Assert.Equal(
            [
                $"Job 61f3e937c38201da80f96c27 of task t1 of acme was submitted: attempt {_executor.Attempt} is stored and will be released.",
                $"Job 61f3e937c38201da80f96c27 of task t1 of acme is assigned to run {Run} on {Silo}.",
                "Job 61f3e937c38201da80f96c27 of task t1 of acme has ended: Finished, Success.",
            ],
            _log.Messages);
    }

    [Fact]
    public async Task A_job_that_is_canceled_before_it_runs_is_logged()
    {
        var job = NewGrain();
        await SubmitAsync(job);
        await job.Cancel();

        Assert.Equal(
            ["Job 61f3e937c38201da80f96c27 of task t1 of acme has ended: Canceled, Canceled.", "Job 61f3e937c38201da80f96c27 is canceled before it ran."],
            _log.Messages.Skip(1));
    }

    [Fact]
    public async Task A_job_that_an_operator_terminates_is_logged()
    {
        var job = NewGrain();
        await SubmitAsync(job);
        await job.Terminate();

        Assert.Equal(
            ["Job 61f3e937c38201da80f96c27 of task t1 of acme has ended: Terminated, Failure.", "Job 61f3e937c38201da80f96c27 is terminated by an operator."],
            _log.Messages.Skip(1));
    }

    [Fact]
    public async Task A_job_that_is_taken_over_is_logged()
    {
        await SubmitAsync(NewGrain());
        _executor.Resumption = new Resumption.TakeOver();
        await NewGrain().Attach(null, Reading.Fresh);

        Assert.Equal(["Job 61f3e937c38201da80f96c27 was queued on a silo that no longer holds it. It is taken over."], _log.Messages.Skip(1));
    }

    [Fact]
    public async Task Without_debug_logging_a_job_that_runs_is_not_logged()
    {
        _log.Minimum = LogLevel.Information;
        var job = NewGrain();
        await SubmitAsync(job);
        await job.Assign(_executor.Attempt, Run, Silo);
        await job.Complete(Run, JobSamples.Outcome());

        Assert.Empty(_log.Messages);
    }

    [Fact]
    public async Task A_setting_has_what_becomes_of_each_job_logged_as_information()
    {
        _log.Minimum = LogLevel.Information;
        _options = new() { Level = LogLevel.Information };
        var job = NewGrain();
        await SubmitAsync(job);
        await job.Assign(_executor.Attempt, Run, Silo);
        await job.Complete(Run, JobSamples.Outcome());

        Assert.Equal(3, _log.Messages.Count);
    }

    private static Task<JobReply> SubmitAsync(JobGrain job) =>
        job.Submit(JobSamples.Spec(), new Subscription(new Observer(), 1), DateTimeOffset.MaxValue);

    private JobGrain NewGrain()
    {
        var bytes = new StoredBytes();
        var admission = new JobAdmission(_executor, new(bytes), bytes, new NoQuotas(), null!, TestMetrics.New(), NullLogger<JobAdmission>.Instance);
        var publisher = new CompletionPublisher(new NoRelay(), TestMetrics.New(), TimeProvider.System, NullLogger<CompletionPublisher>.Instance);
        var owners = new JobOwners(new Membership(), null!, TimeProvider.System);
        var storage = new JobStorage(
            _storage, new LocalStorageConnection(), new RecordedJobIndex(), owners, bytes, TestMetrics.New(), TimeProvider.System, _log);
        return new(
            new Context(), storage, _executor, admission, null!, null!, owners, null!, new(), publisher, new(_options, _log), TimeProvider.System, _log);
    }

    private sealed class Log : ILogger<JobGrain>, ILogger<JobStore>, ILogger<JobEvents>
    {
        public List<string> Messages { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public LogLevel Minimum { get; set; } = LogLevel.Debug;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= Minimum;

        void ILogger.Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Messages.Add(formatter(state, exception));
    }

    private sealed class Executor : IJobExecutor
    {
        public Guid Attempt { get; private set; }

        public Resumption Resumption { get; set; } = new Resumption.KeepWaiting();

        public SiloAddress Address => Silo;

        public bool IsStopping => false;

        public Reservation TryReserve(JobSpec spec) => Reservation.Reserved;

        public void Reserve(JobSpec spec)
        {
        }

        public void CancelReservation(JobSpec spec)
        {
        }

        public void Release(Release release) => Attempt = release.Attempt;

        public ValueTask<Resumption> ResumeAsync(JobRecord record, CallerTokens tokens) => new(Resumption);

        public IEnumerable<CountedJob> JobsOf(string customer) => [];

        public ValueTask<bool> StopAsync(JobRecord record) => new(true);

        public ValueTask<JobLog?> ReadLogAsync(JobRecord record, long from) => default;
    }

    private sealed class Observer : IJobObserver
    {
        public Task Completed(FinishedJob job) => Task.CompletedTask;

        public Task AllCompleted(FinishedJob[] jobs) => Task.CompletedTask;

        public Task Moved(string key) => Task.CompletedTask;
    }

    private sealed class NoQuotas : IOptionsMonitor<JobQuotaOptions>
    {
        public JobQuotaOptions CurrentValue { get; } = new();

        public JobQuotaOptions Get(string? name) => CurrentValue;

        public IDisposable? OnChange(Action<JobQuotaOptions, string?> listener) => null;
    }

    private sealed class NoRelay() : CompletionRelay(null!, null!, null!)
    {
        public override ICompletionRelayGrain? Find() => null;
    }

    private sealed class Membership : IClusterMembershipService
    {
        public ClusterMembershipSnapshot CurrentSnapshot { get; } = new(ImmutableDictionary<SiloAddress, ClusterMember>.Empty, new(1));

        public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => throw new NotSupportedException();

        public ValueTask Refresh(MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default) => default;

        public Task<bool> TryKill(SiloAddress siloAddress) => throw new NotSupportedException();
    }

    private sealed class Context : IGrainContext
    {
        public GrainId GrainId { get; } = GrainId.Create("job", JobKey.Of("acme", "61f3e937c38201da80f96c27"));

        public GrainReference GrainReference => throw new NotSupportedException();

        public object? GrainInstance => null;

        public ActivationId ActivationId => default;

        public GrainAddress Address => throw new NotSupportedException();

        public IServiceProvider ActivationServices => throw new NotSupportedException();

        public IGrainLifecycle ObservableLifecycle => throw new NotSupportedException();

        public IWorkItemScheduler Scheduler => throw new NotSupportedException();

        public Task Deactivated => Task.CompletedTask;

        public void Activate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
        {
        }

        public void Rehydrate(IRehydrationContext context) => throw new NotSupportedException();

        public void Migrate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public void ReceiveMessage(object message) => throw new NotSupportedException();

        public object? GetComponent(Type componentType) => null;

        public object? GetTarget() => null;

        public void SetComponent<TComponent>(TComponent? value)
            where TComponent : class => throw new NotSupportedException();

        public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);
    }
}
