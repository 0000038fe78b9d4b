using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;
using SyncCluster.Quotas;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// Has TheEye run the jobs. The supervisor has made each before its grain hears of it; it does nothing until it is released by <c>synced</c>.
/// <para>
/// <b>Released once.</b> The supervisor's <c>synced</c> is not atomic: two at once may run a job twice. An attempt sends it only within
/// <see cref="ReleaseWindow"/> of the moment when the write of its record was begun, and never again after an answer that leaves open whether it
/// arrived. Then, as after the death of a silo, whoever watches the job asks the supervisor. A job that is still <c>syncing</c> in two reads, both
/// after the attempt was seen to stand and further apart than its request may be under way, is taken over by its grain: a new attempt, won by
/// compare-and-swap, may send <c>synced</c> once. Of two silos that do this at once, one wins. What remains is a process that is frozen between
/// its last look at the clock and the sending, for longer than <see cref="TheEyeOptions.SettleTime"/>.
/// </para>
/// <para>
/// <b>No end is missed.</b> <see cref="CompletionListener"/> stands before a job is released, and tells when it stands again after it was broken: then
/// the supervisor is asked for all jobs, a few at a time. It is asked for each from time to time besides. Whoever reads the end reports it until the
/// job's grain has stored it; that several silos may watch a job does no harm.
/// </para>
/// </summary>
internal sealed partial class TheEyeExecutor : IJobExecutor, ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>How old an attempt's record may be for its release to be sent.</summary>
    public static readonly TimeSpan ReleaseWindow = TimeSpan.FromSeconds(3);

    /// <summary>Reads at once that nobody's answer waits for.</summary>
    private const int LooksAtOnce = 16;

    private const string Deleted =
        "TheEye has deleted the job before its answer was read: of a task it keeps the newest 5 finished jobs only. "
        + "Turn the task's autoremove_completed_jobs off, or raise its limit.";

    private static readonly TheEyeReply.Refused NoToken = new(401, "There is no token to ask TheEye with. Configure TheEye:ServiceTokens.");
    private static readonly TheEyeReply.Failed NotSent = new(TheEyeFault.Unreachable);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    /// <summary>Longer than a task may run.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(7);

    private static readonly TimeSpan WhileClosed = TimeSpan.FromSeconds(2);

    private readonly IGrainFactory _grains;
    private readonly ILocalSiloDetails _silo;
    private readonly SupervisorClient _supervisor;
    private readonly CompletionListener _completions;
    private readonly CompletionPublisher _pushes;
    private readonly TheEyeOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<TheEyeExecutor> _logger;
    private readonly ConcurrentDictionary<string, MonitoredJob> _jobs = new();
    private readonly RetryPipeline _reports;
    private readonly SemaphoreSlim _looks = new(LooksAtOnce);
    private readonly CancellationTokenSource _leaving = new();
    private readonly CancellationTokenSource _stopped = new();
    private readonly CancellationToken _stop;
    private Task _work = Task.CompletedTask;
    private int _releasing;
    private volatile bool _started;

    public TheEyeExecutor(
        IGrainFactory grains,
        ILocalSiloDetails silo,
        SupervisorClient supervisor,
        CompletionListener completions,
        CompletionPublisher pushes,
        IHostApplicationLifetime lifetime,
        IOptions<TheEyeOptions> options,
        TimeProvider timeProvider,
        ILogger<TheEyeExecutor> logger)
    {
        _grains = grains;
        _silo = silo;
        _supervisor = supervisor;
        _completions = completions;
        _pushes = pushes;
        _options = options.Value;
        _timeProvider = timeProvider;
        _logger = logger;
        _stop = _stopped.Token;
        _reports = new(RetryPolicy.Report, timeProvider, LogAskedInVain);
        lifetime.ApplicationStopping.Register(_leaving.Cancel);
    }

    /// <inheritdoc/>
    public SiloAddress Address => _silo.SiloAddress;

    /// <inheritdoc/>
    public bool IsStopping => _leaving.IsCancellationRequested;

    /// <summary>How many jobs are watched here.</summary>
    public int Watched => _jobs.Count;

    private bool TakesJobs => _started && !IsStopping;

    private TimeSpan PollPause => _options.PollInterval * (0.8 + (0.4 * Random.Shared.NextDouble()));

    /// <inheritdoc/>
    public Reservation TryReserve(string customer) => TakesJobs ? Reservation.Reserved : Reservation.NotAccepting;

    /// <inheritdoc/>
    public void Reserve(string customer)
    {
        // TheEye has the queue.
    }

    /// <inheritdoc/>
    public void CancelReservation(string customer)
    {
    }

    /// <inheritdoc/>
    public void Release(Release release)
    {
        var job = Watch(release.Spec);
        if (release.Spec.Origin == JobOrigin.AllocatedAtTheEye)
        {
            Interlocked.Increment(ref _releasing);
            job.Take(release);
        }
        else
        {
            job.Observe(release.Attempt, release.Tokens);
            job.Wake(WakeReasons.Look);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<CountedJob> JobsOf(string customer) => _jobs.Values.Select(job => job.Spec)
        .Where(spec => spec.Customer == customer && spec.Origin == JobOrigin.AllocatedAtTheEye).Select(CountedJob.Of);

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

        var job = Watch(record.Spec);
        if (job.Observe(record.Attempt, tokens))
        {
            return new(new Resumption.TakeOver());
        }

        job.Wake(WakeReasons.Look);
        return new(new Resumption.KeepWaiting());
    }

    /// <inheritdoc/>
    public async ValueTask<bool> StopAsync(JobRecord record)
    {
        var job = Watch(record.Spec);
        if (await AskAsync(job, token => _supervisor.EndAsync(record.Spec.Customer, record.Spec.JobId, token, _stop)) is not TheEyeReply.Ok)
        {
            return false;
        }

        job.Wake(WakeReasons.Look);
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
    public void Dispose()
    {
        _leaving.Dispose();
        _stopped.Dispose();
    }

    private Task StartAsync(CancellationToken cancellationToken)
    {
        _completions.Open(Hear, LookAtAll);
        _work = Task.Run(LookFromTimeToTimeAsync, CancellationToken.None);
        _started = true;
        return Task.CompletedTask;
    }

    /// <summary>What was begun to be released is: after that, another silo can see to it.</summary>
    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _leaving.CancelAsync();
        using var timer = new PeriodicTimer(Tick, _timeProvider);
        while (Volatile.Read(ref _releasing) > 0 && !cancellationToken.IsCancellationRequested)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }

        await _stopped.CancelAsync();
        await _completions.DisposeAsync();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _pushes.DrainAsync(cancellationToken);
    }

    private void Hear(string jobId)
    {
        if (_jobs.TryGetValue(jobId, out var job))
        {
            job.Wake(WakeReasons.Heard);
        }
    }

    private void LookAtAll()
    {
        foreach (var (_, job) in _jobs)
        {
            job.Wake(WakeReasons.Look);
        }
    }

    private async Task LookFromTimeToTimeAsync()
    {
        using var timer = new PeriodicTimer(Tick, _timeProvider);
        while (await timer.WaitForNextTickAsync(_stop))
        {
            var now = _timeProvider.GetTimestamp();
            var longest = _completions.IsOpen ? (TimeSpan?)null : WhileClosed;
            foreach (var (_, job) in _jobs)
            {
                if (job.IsDue(now, longest))
                {
                    job.Wake(WakeReasons.Look);
                }
            }
        }
    }

    private MonitoredJob Watch(JobSpec spec)
    {
        while (true)
        {
            if (_jobs.TryGetValue(spec.JobId, out var watched))
            {
                return watched;
            }

            var job = new MonitoredJob(spec, _timeProvider);
            if (_jobs.TryAdd(spec.JobId, job))
            {
                // Not in the turn of the grain that calls.
                _ = Task.Run(() => WatchAsync(job));
                return job;
            }
        }
    }

    private async Task WatchAsync(MonitoredJob job)
    {
        try
        {
            job.LookIn(PollPause);
            for (var ended = false; !ended;)
            {
                var causes = await job.NextAsync(_stop);
                if (job.TakeRelease() is { } release)
                {
                    _ = ReleaseAsync(job, release);
                }

                if ((causes & (WakeReasons.Look | WakeReasons.Heard)) != 0)
                {
                    ended = await LookAsync(job, causes.HasFlag(WakeReasons.Heard));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
        catch (Exception fault)
        {
            LogWatchFailed(fault, job.Spec.JobId);
        }
        finally
        {
            _jobs.TryRemove(KeyValuePair.Create(job.Spec.JobId, job));
        }
    }

    /// <summary>Sends <c>synced</c>, at most once in a way that may arrive.</summary>
    private async Task ReleaseAsync(MonitoredJob job, Release release)
    {
        TheEyeReply reply;
        try
        {
            for (var backoff = RetryPolicy.Release.NewBackoff(); ;)
            {
                // Without a token nobody has refused it: the next caller brings one, and has it released by another attempt.
                reply = await AskAsync(
                    job,
                    token => MayBeSent() ? _supervisor.SyncedAsync(release.Spec.JobId, token, CancellationToken.None) : Task.FromResult<TheEyeReply>(NotSent),
                    withoutToken: NotSent);
                if (reply is not TheEyeReply.Failed { MayHaveArrived: false } || !MayBeSent())
                {
                    break;
                }

                await Task.Delay(backoff.Next(), _timeProvider, CancellationToken.None);
            }
        }
        catch (Exception fault)
        {
            LogWatchFailed(fault, job.Spec.JobId);
            reply = new TheEyeReply.Failed(TheEyeFault.Broken);
        }

        job.Released(release.Attempt, arrived: reply is not TheEyeReply.Failed { MayHaveArrived: false });
        Interlocked.Decrement(ref _releasing);
        switch (reply)
        {
            case TheEyeReply.Ok:
                break;
            case TheEyeReply.Refused { Status: not (400 or 404 or 408 or 429) } refused:
                LogNotReleased(job.Spec.JobId, refused.Status);
                await CompleteAsync(job, JobOutcome.Lost($"TheEye has refused to release the job, nothing was run: {refused.Message}"));
                job.Wake(WakeReasons.Look);
                break;
            default:
                job.Wake(WakeReasons.Look);
                break;
        }

        bool MayBeSent() => _timeProvider.GetElapsedTime(release.FencedAt) <= ReleaseWindow;
    }

    /// <summary>Asks the supervisor how it stands with the job. True: it has ended, and that is stored; or nobody has asked for it for so long.</summary>
    private async Task<bool> LookAsync(MonitoredJob job, bool heard)
    {
        var attempt = job.Attempt;
        var (readAt, reply) = await ReadAsync(job, heard);
        switch (reply)
        {
            case TheEyeReply.Ok ok when ok.ToJob() is { } seen && seen.Id == job.Spec.JobId:
                if (seen.End is { } end)
                {
                    return await CompleteAsync(job, JobOutcome.Of(end.Lifecycle, end.State, ok.Body));
                }

                if (seen.IsSyncing && job.Spec.Origin == JobOrigin.AllocatedAtTheEye)
                {
                    return await SeeToReleaseAsync(job, attempt, readAt);
                }

                job.GoesOn(heard, PollPause);
                return job.Unasked > Forgotten;
            case TheEyeReply.Refused { Status: 404 }:
                return await CompleteAsync(job, JobOutcome.Lost(Deleted));
            case TheEyeReply.Failed { Fault: TheEyeFault.TooLarge }:
                return await CompleteAsync(job, JobOutcome.Lost("The job's document is larger than this server takes (TheEye:DocumentLimit)."));
            case TheEyeReply.Refused refused:
                LogNotRead(job.Spec.JobId, refused.Status);
                job.LookIn(PollPause);
                return job.Unasked > Forgotten;
            default:
                job.LookSoon();
                return job.Unasked > Forgotten;
        }
    }

    private async Task<(long ReadAt, TheEyeReply Reply)> ReadAsync(MonitoredJob job, bool heard)
    {
        if (heard)
        {
            return await ReadAsync(job);
        }

        await _looks.WaitAsync(_stop);
        try
        {
            return await ReadAsync(job);
        }
        finally
        {
            _looks.Release();
        }
    }

    private async Task<(long ReadAt, TheEyeReply Reply)> ReadAsync(MonitoredJob job) => (
        _timeProvider.GetTimestamp(),
        await AskAsync(job, token => _supervisor.JobAsync(job.Spec.Customer, job.Spec.JobId, token, _stop)));

    /// <summary>Sees to a job that is not released. True: it never will be, and is ended at TheEye as well.</summary>
    private async Task<bool> SeeToReleaseAsync(MonitoredJob job, Guid attempt, long readAt)
    {
        if (job.IsSyncing(attempt, readAt, _options.SettleTime) is { } settling)
        {
            var pause = PollPause;
            job.LookIn(settling < pause ? settling + Tick : pause);
            return false;
        }

        job.LookSoon();
        try
        {
            // Its grain asks what is to become of it, and takes it over; unless it has been told an end, or has no record any more.
            return await JobOf(job).Attach(null, Reading.Fresh) is JobReply.Finished or JobReply.NotFound
                && await AskAsync(job, token => _supervisor.EndAsync(job.Spec.Customer, job.Spec.JobId, token, _stop)) is not TheEyeReply.Failed;
        }
        catch (Exception fault) when (!_stop.IsCancellationRequested)
        {
            LogAskedInVain(fault, job.Spec.JobId);
            return false;
        }
    }

    /// <summary>Asks with the newest token of a caller, where that will not do with an older one, and then with the service token.</summary>
    private async Task<TheEyeReply> AskAsync(MonitoredJob job, Func<string, Task<TheEyeReply>> ask, TheEyeReply? withoutToken = null)
    {
        var reply = withoutToken ?? NoToken;
        foreach (var token in job.Tokens.Concat(_options.ServiceTokens.TryGetValue(job.Spec.Customer, out var service) ? [service] : []))
        {
            reply = await ask(token);
            if (reply is not TheEyeReply.Refused { Status: 401 or 403 or 409 })
            {
                break;
            }
        }

        return reply;
    }

    /// <summary>Reports the end until it is stored.</summary>
    private async Task<bool> CompleteAsync(MonitoredJob job, JobOutcome outcome)
    {
        await _reports.ExecuteAsync(
            job.Spec.JobId, () => JobOf(job).Complete(Guid.Empty, outcome), answer => answer != Completion.Retry, _stop);
        return true;
    }

    private IJobGrain JobOf(MonitoredJob job) => _grains.GetJob(JobKey.Of(job.Spec.Customer, job.Spec.JobId));

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Job}: watching it failed.")]
    private partial void LogWatchFailed(Exception fault, string job);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} was not released: TheEye has refused it with status {Status}.")]
    private partial void LogNotReleased(string job, int status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} can't be read with any token at hand: TheEye says {Status}.")]
    private partial void LogNotRead(string job, int status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job}: a call to its grain failed and will be repeated.")]
    private partial void LogAskedInVain(Exception fault, string job);
}
