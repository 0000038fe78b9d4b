using Microsoft.Extensions.Hosting;
using SyncCluster.Jobs;
using SyncCluster.Quotas;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// Has TheEye run the jobs. The supervisor has created each job before its grain knows it. The job does nothing until it is released.
/// <see cref="JobReleaser"/> explains why it is released at most once, <see cref="JobMonitor"/> why its end is not missed.
/// </summary>
internal sealed class TheEyeExecutor : IJobExecutor, ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly JobMonitor _monitor;
    private readonly JobReleaser _releaser;
    private readonly SupervisorRequests _supervisor;
    private readonly CompletionPublisher _completions;
    private readonly ILocalSiloDetails _silo;
    private readonly CancellationTokenSource _stopping = new();
    private volatile bool _started;

    public TheEyeExecutor(
        JobMonitor monitor,
        JobReleaser releaser,
        SupervisorRequests supervisor,
        CompletionPublisher completions,
        ILocalSiloDetails silo,
        IHostApplicationLifetime lifetime)
    {
        _monitor = monitor;
        _releaser = releaser;
        _supervisor = supervisor;
        _completions = completions;
        _silo = silo;
        lifetime.ApplicationStopping.Register(_stopping.Cancel);
    }

    /// <inheritdoc/>
    public SiloAddress Address => _silo.SiloAddress;

    /// <inheritdoc/>
    public bool IsStopping => _stopping.IsCancellationRequested;

    private bool TakesJobs => _started && !IsStopping;

    /// <inheritdoc/>
    public Reservation TryReserve(JobSpec spec) => TakesJobs ? Reservation.Reserved : Reservation.NotAccepting;

    /// <inheritdoc/>
    public void Reserve(JobSpec spec)
    {
        // TheEye has the queue.
    }

    /// <inheritdoc/>
    public void CancelReservation(JobSpec spec)
    {
    }

    /// <inheritdoc/>
    public void Release(Release release)
    {
        var job = _monitor.Monitor(release.Spec);
        if (release.Spec.Origin == JobOrigin.AllocatedAtTheEye)
        {
            _releaser.Begin(job, release);
        }
        else
        {
            job.Observe(release.Attempt, release.Tokens);
            job.Wake(WakeReasons.Check);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<CountedJob> JobsOf(string customer) => _monitor.Jobs.Select(job => job.Spec)
        .Where(spec => spec.Customer == customer && spec.Origin == JobOrigin.AllocatedAtTheEye).Select(CountedJob.Of);

    /// <inheritdoc/>
    public ExecutorLoad ReadLoad()
    {
        ExecutorJob[] jobs = [.. _monitor.Jobs.Select(job => new ExecutorJob(job.Spec, Waits: false))];
        return new(jobs.Length, Capacity: null, jobs);
    }

    /// <inheritdoc/>
    public ValueTask<Resumption> ResumeAsync(JobRecord record, CallerTokens tokens)
    {
        if (record.Spec.Origin == JobOrigin.Local)
        {
            return new(new Resumption.End(ServerOutcomes.LostWithItsRunner()));
        }

        if (!TakesJobs)
        {
            return new(new Resumption.NotAccepting());
        }

        var job = _monitor.Monitor(record.Spec);
        if (job.Observe(record.Attempt, tokens))
        {
            return new(job.ReleaseFailure is { } failure ? new Resumption.End(JobOutcome.Lost(failure)) : new Resumption.TakeOver());
        }

        job.Wake(WakeReasons.Check);
        return new(new Resumption.KeepWaiting());
    }

    /// <inheritdoc/>
    public void NotReleased(JobRecord record)
    {
        if (TakesJobs)
        {
            _monitor.Monitor(record.Spec).ObserveNotReleased(record.Attempt);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<bool> StopAsync(JobRecord record)
    {
        var job = _monitor.Monitor(record.Spec);
        if (await _supervisor.EndAsync(job, _monitor.Stopping) is not TheEyeReply.Ok)
        {
            return false;
        }

        job.Wake(WakeReasons.Check);
        return true;
    }

    /// <inheritdoc/>
    public ValueTask<JobLog?> ReadLogAsync(JobRecord record, long from) => default;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(nameof(TheEyeExecutor), ServiceLifecycleStage.ApplicationServices, StartAsync);
        lifecycle.Subscribe(nameof(TheEyeExecutor), ServiceLifecycleStage.BecomeActive, _ => Task.CompletedTask, StopAsync);
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private Task StartAsync(CancellationToken cancellationToken)
    {
        _monitor.Start();
        _started = true;
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _releaser.WaitForPendingAsync(cancellationToken);
        await _monitor.StopAsync();
        await _completions.DrainAsync(cancellationToken);
    }
}
