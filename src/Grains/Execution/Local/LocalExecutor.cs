using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;
using SyncCluster.Quotas;
using SyncCluster.SerialTasks;
using SyncCluster.Telemetry;

namespace SyncCluster.Execution.Local;

/// <summary>
/// Runs scripts on this silo: for each depth of jobs (<see cref="JobQueues"/>) a bounded queue, fair between customers
/// (<see cref="FairJobScheduler"/>), and a fixed number of workers (<see cref="JobWorkers"/>). Jobs of a task that runs one job at a time enter the queue when they are the first of their task.
/// <para>
/// A silo that stops takes no new jobs, lets the running ones end for a configured time, and hands those that wait over to another silo
/// (<see cref="QueueHandover"/>). This drain begins when the host is told to stop, and the silo waits for it while the grains still answer.
/// </para>
/// </summary>
internal sealed partial class LocalExecutor : IJobExecutor, ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly HeldJobs _held;
    private readonly JobQueues _queues;
    private readonly JobEnqueuer _enqueuer;
    private readonly JobWorkers _workers;
    private readonly QueueHandover _handover;
    private readonly RunnerQueries _runners;
    private readonly QueueOverflow _overflow;
    private readonly CompletionPublisher _completions;
    private readonly SerialTaskWaiters _serialJobs;
    private readonly ILocalSiloDetails _silo;
    private readonly JobRunner _runner;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly LocalExecutorOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<LocalExecutor> _logger;
    private readonly CancellationTokenSource _drain = new();
    private readonly CancellationTokenSource _kill = new();
    private Task _work = Task.CompletedTask;
    private volatile bool _started;

    public LocalExecutor(
        HeldJobs held,
        JobQueues queues,
        JobEnqueuer enqueuer,
        JobWorkers workers,
        JobRunner runner,
        QueueHandover handover,
        RunnerQueries runners,
        QueueOverflow overflow,
        CompletionPublisher completions,
        SerialTaskWaiters serialJobs,
        ILocalSiloDetails silo,
        IHostApplicationLifetime lifetime,
        IOptions<LocalExecutorOptions> options,
        ServerMetrics metrics,
        TimeProvider timeProvider,
        ILogger<LocalExecutor> logger)
    {
        _held = held;
        _queues = queues;
        _enqueuer = enqueuer;
        _workers = workers;
        _handover = handover;
        _runners = runners;
        _overflow = overflow;
        _completions = completions;
        _serialJobs = serialJobs;
        _silo = silo;
        _runner = runner;
        _lifetime = lifetime;
        _options = options.Value;
        _timeProvider = timeProvider;
        _logger = logger;
        metrics.ObserveExecutor(() => queues.All.Sum(queue => queue.Length), () => runner.RunningScripts, () => held.Count, options.Value.Concurrency);
    }

    /// <inheritdoc/>
    public SiloAddress Address => _silo.SiloAddress;

    /// <inheritdoc/>
    public bool IsStopping => _drain.IsCancellationRequested;

    private bool TakesJobs => _started && !IsStopping;

    /// <inheritdoc/>
    public Reservation TryReserve(JobSpec spec) =>
        !TakesJobs ? Reservation.NotAccepting : _held.TryReserve(spec) ? Reservation.Reserved : Reservation.QueueFull;

    /// <inheritdoc/>
    public Task<IRemoteReservation?> ReserveElsewhereAsync(JobSpec spec) => _overflow.ReserveAsync(spec);

    /// <inheritdoc/>
    public void Reserve(JobSpec spec) => _held.Reserve(spec);

    /// <inheritdoc/>
    public void CancelReservation(JobSpec spec) => _held.CancelReservation(spec);

    /// <inheritdoc/>
    public void Release(Release release) => Queue(_held.Add(release.Spec, release.Attempt, release.FencedAt));

    /// <inheritdoc cref="IRunnerService.Reserve"/>
    public bool TryReserve(Guid reservation, string customer, int depth) => TakesJobs && _held.TryReserve(reservation, customer, depth);

    /// <inheritdoc cref="IRunnerService.Release"/>
    public bool TryRelease(Guid reservation, JobSpec spec, Guid attempt)
    {
        if (!TakesJobs || !_held.TryUse(reservation, spec))
        {
            return false;
        }

        LogFromElsewhere(spec.JobId, spec.Customer, attempt);
        Queue(_held.Add(spec, attempt, _timeProvider.GetTimestamp()));
        return true;
    }

    /// <inheritdoc/>
    public IEnumerable<CountedJob> JobsOf(string customer) => _held.Of(customer);

    /// <inheritdoc/>
    public ExecutorLoad ReadLoad() => new(_runner.RunningScripts, _options.Concurrency, _held.All);

    /// <inheritdoc/>
    public async ValueTask<Resumption> ResumeAsync(JobRecord record, CallerTokens tokens)
    {
        if (await _runners.MayHoldAsync(record))
        {
            return new Resumption.KeepWaiting();
        }

        if (!TakesJobs)
        {
            return new Resumption.NotAccepting();
        }

        return record.Lifecycle == Lifecycle.Ready ? new Resumption.TakeOver() : new Resumption.End(ServerOutcomes.LostWithItsRunner());
    }

    /// <inheritdoc/>
    public ValueTask<bool> StopAsync(JobRecord record) => _runners.StopAsync(record);

    /// <inheritdoc/>
    public ValueTask<JobLog?> ReadLogAsync(JobRecord record, long from) =>
        record.Lifecycle == Lifecycle.Assigned ? _runners.ReadLogAsync(record, from) : default;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
    {
        // Started before the silo activates grains. Stopped when other silos know that it stops, before its grains are deactivated.
        lifecycle.Subscribe(nameof(LocalExecutor), ServiceLifecycleStage.ApplicationServices, StartAsync);
        lifecycle.Subscribe(nameof(LocalExecutor), ServiceLifecycleStage.BecomeActive, _ => Task.CompletedTask, StopAsync);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _drain.Dispose();
        _kill.Dispose();
    }

    private Task StartAsync(CancellationToken cancellationToken)
    {
        _started = true;
        _work = Task.WhenAll(
            _workers.RunAsync(_drain.Token, _kill.Token), HandOverWhenDrainingAsync(), _serialJobs.ReportAsync(_drain.Token));

        // The stop of the host comes before the stop of the silo: running scripts get their time while the gateway still answers.
        _lifetime.ApplicationStopping.Register(Drain);
        return Task.CompletedTask;
    }

    private void Queue(QueuedJob job)
    {
        if (job.Spec.RunsSerially && _serialJobs.TryAdd(job))
        {
            LogWaitsForTask(job.Spec.JobId, job.Spec.Customer, job.Spec.TaskId, job.Attempt);
        }
        else
        {
            _enqueuer.Enqueue(job);
        }
    }

    private void Drain()
    {
        if (!_drain.IsCancellationRequested)
        {
            _drain.Cancel();
            _kill.CancelAfter(_options.DrainTime);
            LogDrains(_options.DrainTime);
        }
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        Drain();
        _queues.Close();
        await _work.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _completions.DrainAsync(cancellationToken);
    }

    private async Task HandOverWhenDrainingAsync()
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, _drain.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Workers take no job that enters the queue from now on.
        _serialJobs.Close();
        await _handover.HandOverQueuesAsync();
    }
}
