using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Waiting;

/// <summary>
/// The waiters of this gateway: HTTP requests that wait in memory for their job's end. The push of the job's grain is the fast path, the attach
/// is the truth; the protocol is told at <c>JobGrain</c>.
/// </summary>
internal sealed partial class WaiterHub : BackgroundService
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    /// <summary>So many ticks are between two looks at the jobs while none is to be asked for soon.</summary>
    private const int Ticks = 4;

    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WhileLeaving = TimeSpan.FromSeconds(1);

    // Longer than the call may take, and shorter than what a client is told to wait before it asks for a job of which nothing is known: if it is told
    // then that there is none, there will be none.
    public static readonly TimeSpan SubmitValidity = TimeSpan.FromSeconds(4);

    private readonly WaitingOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<WaiterHub> _logger;
    private readonly JobGrainClient _calls;
    private readonly CancellationTokenSource _drained = new();
    private readonly ConcurrentDictionary<string, PendingJob> _jobs = new();

    // A strong reference: Orleans holds the listening object weakly.
    private readonly CompletionObserver _ear;
    private readonly Lazy<IJobObserver> _observer;
    private int _waiters;

    /// <summary>Until then there is a look at the jobs with each tick, by the clock of the hub.</summary>
    private long _watchedUntil;

    public WaiterHub(
        IGrainFactory grains,
        IHostApplicationLifetime lifetime,
        IOptions<WaitingOptions> options,
        TimeProvider timeProvider,
        ILogger<WaiterHub> logger)
    {
        _options = options.Value;
        _timeProvider = timeProvider;
        _logger = logger;
        _calls = new JobGrainClient(grains, GoesOn, _options, timeProvider, logger);
        _ear = new CompletionObserver(this);

        // Not before the silo or client runs: until then there is nobody to register it with.
        _observer = new(() => grains.CreateObjectReference<IJobObserver>(_ear));
        lifetime.ApplicationStopping.Register(() => _drained.CancelAfter(_options.DrainTime));
        _drained.Token.Register(Drain);
    }

    /// <summary>How many requests wait.</summary>
    public int Waiters => Volatile.Read(ref _waiters);

    /// <summary>Whether the server stops and waits no longer.</summary>
    public bool IsDrained => _drained.IsCancellationRequested;

    /// <summary>Makes a new job exist and waits for its end.</summary>
    /// <param name="spec">The job; its id must be a new one, or that of a job that is made elsewhere.</param>
    /// <param name="token">What TheEye may be asked with; null where tokens are this cluster's own.</param>
    /// <param name="time">How long is waited.</param>
    /// <param name="gone">Canceled when the client has gone.</param>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public Task<WaitResult> SubmitAsync(JobSpec spec, string? token, WaitDeadlines time, CancellationToken gone) => WaitAsync(
        JobKey.Of(spec.Customer, spec.JobId),
        token,
        (grain, subscription) => grain.Submit(spec, subscription, _timeProvider.GetUtcNow() + SubmitValidity),
        _ => true,
        time,

        // Who hangs up before the job is there is its last waiter as well: it must be there, to be canceled.
        spec.CallerWaitsUntil is null ? gone : CancellationToken.None,
        gone);

    /// <summary>Makes a new job exist, as <see cref="SubmitAsync"/> does, but does not wait for its end. Null: it goes on.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async Task<WaitResult?> StartAsync(JobSpec spec, string? token, Deadline deadline, CancellationToken gone)
    {
        var job = Enter(JobKey.Of(spec.Customer, spec.JobId), token);
        try
        {
            return await _calls.UntilAnsweredAsync(
                job,
                token,
                (grain, subscription) => grain.Submit(spec, subscription, _timeProvider.GetUtcNow() + SubmitValidity),
                _ => true,
                deadline,
                _drained.Token,
                gone);
        }
        finally
        {
            Leave(job, token, isTold: true);
        }
    }

    /// <summary>Waits for the end of a job that exists.</summary>
    /// <param name="key">The job's <see cref="JobKey"/>.</param>
    /// <param name="maySee">Whether the asking one may see the job.</param>
    /// <param name="time">How long is waited.</param>
    /// <param name="gone">Canceled when the client has gone.</param>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public Task<WaitResult> AttachAsync(string key, Func<JobAccess, bool> maySee, WaitDeadlines time, CancellationToken gone) =>
        WaitAsync(key, null, (grain, subscription) => grain.Attach(subscription, Reading.Cached), maySee, time, gone, gone);

    /// <summary>Has every waited-for job asked again, spread over some seconds: a silo has left, and subscriptions may be lost with it.</summary>
    public void AttachAllSoon()
    {
        foreach (var (_, job) in _jobs)
        {
            AttachSoon(job);
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
        using var timer = new PeriodicTimer(Tick, _timeProvider);
        Func<long> next = InSomeTime;
        try
        {
            for (var tick = 0; await timer.WaitForNextTickAsync(stoppingToken); tick++)
            {
                var now = _timeProvider.GetTimestamp();
                if (tick % Ticks != 0 && now > Volatile.Read(ref _watchedUntil))
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

    private void Drain()
    {
        foreach (var (_, job) in _jobs)
        {
            job.Drain();
        }
    }

    private async Task<WaitResult> WaitAsync(
        string key,
        string? token,
        Func<IJobGrain, Subscription, Task<JobReply>> call,
        Func<JobAccess, bool> maySee,
        WaitDeadlines time,
        CancellationToken unasked,
        CancellationToken gone)
    {
        var job = Enter(key, token);
        var isTold = false;
        try
        {
            var end = await _calls.UntilAnsweredAsync(job, token, call, maySee, time.Start, _drained.Token, unasked);
            if (end is null)
            {
                time.GoesOn?.Invoke();
                end = await WaitForEndAsync(job, time.End, gone);
            }

            isTold = end is WaitResult.TimedOut or WaitResult.Draining or WaitResult.Unknown && !gone.IsCancellationRequested;
            return end;
        }
        finally
        {
            Leave(job, token, isTold);
        }
    }

    private async Task<WaitResult> WaitForEndAsync(PendingJob job, Deadline deadline, CancellationToken gone)
    {
        var remaining = deadline.Remaining;
        if (remaining == TimeSpan.Zero && !job.HasEnded)
        {
            gone.ThrowIfCancellationRequested();
            return new WaitResult.TimedOut();
        }

        try
        {
            var margin = remaining / 4 < _options.LastAttach ? remaining / 4 : _options.LastAttach;
            try
            {
                return await job.End.WaitAsync(remaining - margin, _timeProvider, gone);
            }
            catch (TimeoutException)
            {
                Apply(job, await _calls.OnceAsync(job, (grain, subscription) => grain.Attach(subscription, Reading.Fresh), deadline, gone));
                return await job.End.WaitAsync(deadline.Remaining, _timeProvider, gone);
            }
        }
        catch (TimeoutException)
        {
            return new WaitResult.TimedOut();
        }
    }

    private async Task AttachAgainAsync(PendingJob job)
    {
        var deadline = new Deadline(_timeProvider, _options.AttachInterval);
        var reply = await _calls.OnceAsync(job, (grain, subscription) => grain.Attach(subscription, Reading.Cached), deadline, CancellationToken.None);
        Apply(job, reply);
        if (reply is not (JobReply.Finished or JobReply.NotFound or JobReply.Pending))
        {
            AttachIn(AfterFault, job);
        }
    }

    /// <summary>Ends the wait for a job where its grain says that there is nothing to wait for any more.</summary>
    private void Apply(PendingJob job, JobReply? reply)
    {
        switch (reply)
        {
            case JobReply.Finished finished:
                job.Finish(finished.Job);
                break;
            case JobReply.NotFound:
                LogLost(job.Key);
                job.Finish(null);
                break;
        }
    }

    private PendingJob Enter(string key, string? token)
    {
        while (true)
        {
            var job = _jobs.GetOrAdd(key, static (key, hub) => new PendingJob(key, hub._observer.Value), this);
            if (job.TryEnter(token))
            {
                if (IsDrained)
                {
                    // It was perhaps not there yet when all were.
                    job.Drain();
                }

                Interlocked.Increment(ref _waiters);
                return job;
            }
        }
    }

    private void Leave(PendingJob job, string? token, bool isTold)
    {
        Interlocked.Decrement(ref _waiters);
        if (job.Leave(token, isTold))
        {
            // Read before the next waiter can come: its subscription must be the newer one.
            var version = job.Version;
            _jobs.TryRemove(KeyValuePair.Create(job.Key, job));
            if (!job.HasEnded)
            {
                _calls.Leave(job, version);
            }
        }
    }

    /// <summary>The job's grain says that the job goes on, and that this gateway is subscribed.</summary>
    private void GoesOn(PendingJob job, JobReply.Pending reply)
    {
        job.Establish(InSomeTime());
        if (reply.Leaving)
        {
            AttachIn(WhileLeaving, job);
        }
    }

    /// <summary>Not at once: the others are to have heard of the change by then, and not all jobs are to ask at the same time.</summary>
    private void AttachSoon(PendingJob job) => AttachIn(TimeSpan.FromSeconds(0.5 + (2.5 * Random.Shared.NextDouble())), job);

    private void AttachIn(TimeSpan time, PendingJob job)
    {
        job.AttachBy(In(time));

        // Two at once may leave the lesser time, and then it is less than a second late.
        var until = In(time + Tick);
        if (Volatile.Read(ref _watchedUntil) < until)
        {
            Volatile.Write(ref _watchedUntil, until);
        }
    }

    private long InSomeTime() => In(_options.AttachInterval * (0.9 + (0.2 * Random.Shared.NextDouble())));

    private long In(TimeSpan time) => _timeProvider.GetTimestamp() + (long)(time.TotalSeconds * _timeProvider.TimestampFrequency);

    /// <summary>What the grains push to. Handled at once: the waiters go on elsewhere.</summary>
    private sealed class CompletionObserver(WaiterHub hub) : IJobObserver
    {
        public Task Completed(FinishedJob job)
        {
            if (hub._jobs.TryGetValue(job.Key, out var waited))
            {
                waited.Finish(job);
            }

            return Task.CompletedTask;
        }

        public Task AllCompleted(FinishedJob[] jobs)
        {
            foreach (var job in jobs)
            {
                Completed(job);
            }

            return Task.CompletedTask;
        }

        public Task Moved(string key)
        {
            if (hub._jobs.TryGetValue(key, out var waited))
            {
                hub.AttachSoon(waited);
            }

            return Task.CompletedTask;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The record of {Job} is gone while somebody waits for it.")]
    private partial void LogLost(string job);
}
