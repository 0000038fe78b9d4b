using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SyncCluster.Doors;
using SyncCluster.Jobs;
using SyncCluster.Telemetry;

namespace SyncCluster.Gateway.Waiting;

/// <summary>
/// The waiters of this gateway: HTTP requests that wait in memory for their job's end. A push from the job's grain is the fast path, the attach is the
/// truth; the head of <c>JobGrain</c> describes the protocol.
/// </summary>
internal sealed partial class WaiterHub : BackgroundService
{
    /// <summary>The ticks between two looks at the jobs while none is due soon.</summary>
    private const int QuietTicks = 4;

    private readonly FinishedJobs _finishedJobs;
    private readonly WaitingOptions _options;
    private readonly ServerMetrics _metrics;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<WaiterHub> _logger;
    private readonly AttachSchedule _schedule;
    private readonly JobGrainClient _grains;
    private readonly CancellationTokenSource _drained = new();
    private readonly ConcurrentDictionary<string, PendingJob> _jobs = new();

    // A strong reference: Orleans holds the observing object weakly.
    private readonly CompletionObserver _observer;
    private readonly Lazy<IJobObserver> _observerReference;
    private int _waiters;

    public WaiterHub(
        IGrainFactory grains,
        JobDoors doors,
        FinishedJobs finishedJobs,
        IHostApplicationLifetime lifetime,
        IOptions<WaitingOptions> options,
        ServerMetrics metrics,
        TimeProvider timeProvider,
        ILoggerFactory loggers)
    {
        _finishedJobs = finishedJobs;
        _options = options.Value;
        _metrics = metrics;
        _timeProvider = timeProvider;
        _logger = loggers.CreateLogger<WaiterHub>();
        _schedule = new(_options, timeProvider);
        _grains = new(grains, doors, finishedJobs, _schedule, _options, metrics, timeProvider, loggers.CreateLogger<JobGrainClient>());
        _observer = new(this);

        // Not before the silo or the client runs: until then it can't be registered.
        _observerReference = new(() => grains.CreateObjectReference<IJobObserver>(_observer));
        lifetime.ApplicationStopping.Register(() => _drained.CancelAfter(_options.DrainTime));
        _drained.Token.Register(Drain);
    }

    /// <summary>How many requests wait.</summary>
    public int Waiters => Volatile.Read(ref _waiters);

    /// <summary>How many requests wait here for a job.</summary>
    /// <param name="key">The job's <see cref="JobKey"/>.</param>
    public int WaitersOf(string key) => _jobs.TryGetValue(key, out var job) ? job.Waiters : 0;

    /// <summary>Whether the server stops and no request waits any longer.</summary>
    public bool IsDrained => _drained.IsCancellationRequested;

    /// <summary>Submits a job and adds a waiter to it.</summary>
    /// <param name="spec">The job; its id is new, or that of an earlier submit of the same call.</param>
    /// <param name="taskRevision">The task's revision that the job was made from, if its silo is to say whether it is still the task's; else null.</param>
    /// <param name="token">A token to ask TheEye with; null if the tokens are this cluster's own.</param>
    /// <param name="deadlines">How long to wait.</param>
    /// <param name="aborted">Canceled when the client has disconnected.</param>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    public Task<JobWait> SubmitAsync(JobSpec spec, Guid? taskRevision, string? token, WaitDeadlines deadlines, CancellationToken aborted)
    {
        var job = AddWaiter(JobKey.Of(spec.Customer, spec.JobId), token);

        // A client that disconnects before the job exists still counts as its last waiter: the job must exist, to be canceled.
        var cancellation = spec.CallerWaitsUntil is null ? aborted : CancellationToken.None;
        return WaitAsync(
            job, token, WaitKind.Submit, _grains.SubmitAsync(job, spec, taskRevision, token, deadlines.Start, _drained.Token, cancellation), deadlines.End);
    }

    /// <summary>Adds a waiter to a job that exists.</summary>
    /// <param name="key">The job's <see cref="JobKey"/>.</param>
    /// <param name="mayShow">Whether the caller may see the job.</param>
    /// <param name="deadlines">How long to wait.</param>
    /// <param name="aborted">Canceled when the client has disconnected.</param>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    public Task<JobWait> AttachAsync(string key, Func<JobAccess, bool> mayShow, WaitDeadlines deadlines, CancellationToken aborted)
    {
        var job = AddWaiter(key, token: null);
        return WaitAsync(
            job, token: null, WaitKind.Attach, _grains.AttachAsync(job, mayShow, deadlines.Start, _drained.Token, aborted), deadlines.End);
    }

    /// <summary>
    /// Adds a waiter to a job that another system runs. That system, and not this cluster, says whether the job exists: if its grain has no record of it
    /// yet, it makes one, and has the job monitored.
    /// </summary>
    /// <param name="spec">The job; its origin is <see cref="JobOrigin.ExternallyReleased"/>.</param>
    /// <param name="token">A token to ask the other system with.</param>
    /// <param name="deadlines">How long to wait.</param>
    /// <param name="aborted">Canceled when the client has disconnected.</param>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    public Task<JobWait> AttachExternalAsync(JobSpec spec, string? token, WaitDeadlines deadlines, CancellationToken aborted)
    {
        var job = AddWaiter(JobKey.Of(spec.Customer, spec.JobId), token);
        return WaitAsync(
            job, token, WaitKind.Attach, _grains.SubmitAsync(job, spec, null, token, deadlines.Start, _drained.Token, aborted), deadlines.End);
    }

    /// <summary>Attaches to every job again, spread over some seconds: a silo has left, and subscriptions with it, or has joined.</summary>
    public void AttachAllSoon()
    {
        foreach (var (_, job) in _jobs)
        {
            _schedule.AttachSoon(job);
        }
    }

    /// <summary>Attaches to a job again: its grain has left its silo's memory, and with it the subscription.</summary>
    /// <param name="key">The job's <see cref="JobKey"/>.</param>
    public void AttachSoon(string key)
    {
        if (_jobs.TryGetValue(key, out var job))
        {
            _schedule.AttachSoon(job);
        }
    }

    /// <summary>A job has ended.</summary>
    public void Complete(FinishedJob finished)
    {
        if (_jobs.TryGetValue(finished.Key, out var job))
        {
            job.Finish(new JobReply.Finished(_finishedJobs.Share(finished)), EndOf(finished));
        }
    }

    /// <summary>Waits for a job's end. Before the wait ends without it, storage is asked once more.</summary>
    internal async Task<WaitResult> WaitForEndAsync(PendingJob job, Deadline deadline, CancellationToken aborted)
    {
        var remaining = deadline.Remaining;
        if (remaining == TimeSpan.Zero && !job.HasEnded)
        {
            aborted.ThrowIfCancellationRequested();
            return new WaitResult.TimedOut();
        }

        try
        {
            var margin = remaining / 4 < _options.LastAttach ? remaining / 4 : _options.LastAttach;
            try
            {
                return await deadline.EarlierBy(margin).WaitAsync(job.End, aborted);
            }
            catch (TimeoutException)
            {
                Apply(job, await _grains.AttachAgainAsync(job, Reading.Fresh, deadline, aborted));
                return await deadline.WaitAsync(job.End, aborted);
            }
        }
        catch (TimeoutException)
        {
            return new WaitResult.TimedOut();
        }
    }

    /// <summary>Removes a waiter.</summary>
    /// <param name="job">The job, with the waiter.</param>
    /// <param name="token">The token that the waiter was added with.</param>
    /// <param name="isClientTold">Whether its client is told that the job goes on, and where to ask for it.</param>
    /// <param name="result">How the wait has ended; null if its client has left it.</param>
    /// <param name="since">The timestamp of the wait's begin.</param>
    internal void Leave(PendingJob job, string? token, bool isClientTold, WaitResult? result, long since)
    {
        if (result is not WaitResult.TaskChanged)
        {
            // Else the same request waits again.
            Measure(job, isClientTold, result, since);
        }

        Interlocked.Decrement(ref _waiters);
        if (job.RemoveWaiter(token, isClientTold))
        {
            // Read before the next waiter can come: its subscription must have a newer version.
            var version = job.Version;
            _jobs.TryRemove(KeyValuePair.Create(job.Key, job));
            if (!job.HasEnded)
            {
                _grains.Leave(job, version);
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _drained.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(AttachSchedule.Tick, _timeProvider);
        Func<long> next = _schedule.NextRegular;
        try
        {
            for (var tick = 0; await timer.WaitForNextTickAsync(stoppingToken); tick++)
            {
                var now = _timeProvider.GetTimestamp();
                if (tick % QuietTicks != 0 && _schedule.IsQuiet(now))
                {
                    continue;
                }

                foreach (var (_, job) in _jobs)
                {
                    if (job.IsDue(now, next))
                    {
                        _ = AttachAgainAsync(job);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    /// <param name="job">The job, with the waiter.</param>
    /// <param name="token">The token that the waiter was added with.</param>
    /// <param name="kind">How the request came to the job.</param>
    /// <param name="reply">What comes of that.</param>
    /// <param name="end">When the wait is over.</param>
    private async Task<JobWait> WaitAsync(PendingJob job, string? token, WaitKind kind, Task<WaitResult?> reply, Deadline end)
    {
        var since = _timeProvider.GetTimestamp();
        try
        {
            return new JobWait(this, job, token, kind, await reply, end, since);
        }
        catch
        {
            Leave(job, token, isClientTold: false, result: null, since);
            throw;
        }
    }

    private void Measure(PendingJob job, bool isClientTold, WaitResult? result, long since)
    {
        _metrics.WaitEnded(OutcomeOf(result, isClientTold), _timeProvider.GetElapsedTime(since));
        if (result is WaitResult.Replied { Reply: JobReply.Finished } && job.EndedAt is { } endedAt && endedAt >= since)
        {
            _metrics.CompletionDelivered(_timeProvider.GetElapsedTime(endedAt));
        }
    }

    private static string OutcomeOf(WaitResult? result, bool isClientTold) => result switch
    {
        null => isClientTold ? "detached" : "disconnected",
        WaitResult.Replied { Reply: JobReply.Finished } => "answered",
        WaitResult.TimedOut => "timed_out",
        WaitResult.Draining => "drained",
        WaitResult.Unknown => "unknown",
        _ => "refused",
    };

    /// <summary>The timestamp, by this machine's clock, at which the job's end was stored.</summary>
    private long EndOf(FinishedJob finished) =>
        _timeProvider.GetTimestamp() - (long)(finished.Age.TotalSeconds * _timeProvider.TimestampFrequency);

    private void Drain()
    {
        foreach (var (_, job) in _jobs)
        {
            job.Drain();
        }
    }

    private async Task AttachAgainAsync(PendingJob job)
    {
        var deadline = new Deadline(_timeProvider, _options.AttachInterval);
        var reply = await _grains.AttachAgainAsync(job, Reading.Cached, deadline, CancellationToken.None);
        Apply(job, reply);
        if (reply is not (JobReply.Finished or JobReply.NotFound or JobReply.Pending))
        {
            _schedule.AttachAfterFault(job);
        }
    }

    /// <summary>Ends the wait for a job if its grain has replied that there is nothing to wait for.</summary>
    private void Apply(PendingJob job, JobReply? reply)
    {
        switch (reply)
        {
            case JobReply.Finished { Job: var finished }:
                job.Finish(reply, EndOf(finished));
                break;
            case JobReply.NotFound:
                LogRecordLost(job.Key);
                job.Finish(reply);
                break;
        }
    }

    private PendingJob AddWaiter(string key, string? token)
    {
        while (true)
        {
            var job = _jobs.GetOrAdd(key, static (key, hub) => new PendingJob(key, hub._observerReference.Value), this);
            if (job.TryAddWaiter(token))
            {
                if (IsDrained)
                {
                    // The job may have been added after all others were drained.
                    job.Drain();
                }

                Interlocked.Increment(ref _waiters);
                return job;
            }
        }
    }
}
