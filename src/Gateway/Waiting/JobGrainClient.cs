using System.Collections.Concurrent;
using SyncCluster.Doors;
using SyncCluster.Jobs;
using SyncCluster.Telemetry;

namespace SyncCluster.Gateway.Waiting;

/// <summary>
/// A gateway's calls to the grains of the jobs that it waits for. Each call renews the gateway's subscription, and is repeated while another silo may
/// answer it.
/// </summary>
internal sealed partial class JobGrainClient
{
    /// <summary>
    /// How long a submit is valid. It is longer than the grain's call may take, and shorter than what a client is told to wait before it asks for a job whose
    /// outcome is unknown: if the answer is then that there is no such job, there will be none.
    /// </summary>
    public static readonly TimeSpan SubmitValidity = TimeSpan.FromSeconds(4);

    /// <summary>So often a grain may fail by itself: then it is broken, and the caller gets an answer.</summary>
    private const int MaxGrainFailures = 3;

    /// <summary>How long the client tries to tell a grain that its waiters have left.</summary>
    private static readonly TimeSpan LeaveTime = TimeSpan.FromSeconds(30);

    private readonly IGrainFactory _grains;
    private readonly JobDoors _doors;
    private readonly FinishedJobs _finishedJobs;
    private readonly AttachSchedule _schedule;
    private readonly WaitingOptions _options;
    private readonly ServerMetrics _metrics;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<JobGrainClient> _logger;
    private readonly RetryPipeline _leaves;

    /// <summary>
    /// By job, the newest version with which its grain is still to hear that a client was told where to ask for the job. Until it has heard, a disconnect
    /// must not cancel the job.
    /// </summary>
    private readonly ConcurrentDictionary<string, long> _unacknowledgedLeaves = new();

    private long _version;

    public JobGrainClient(
        IGrainFactory grains,
        JobDoors doors,
        FinishedJobs finishedJobs,
        AttachSchedule schedule,
        WaitingOptions options,
        ServerMetrics metrics,
        TimeProvider timeProvider,
        ILogger<JobGrainClient> logger)
    {
        _finishedJobs = finishedJobs;
        _grains = grains;
        _doors = doors;
        _schedule = schedule;
        _options = options;
        _metrics = metrics;
        _timeProvider = timeProvider;
        _logger = logger;
        _leaves = new(RetryPolicy.GrainCall, timeProvider, (fault, key) => LogCallFailed(fault, key));
    }

    /// <summary>Submits a job, until its grain has replied.</summary>
    /// <param name="job">The job, with a waiter.</param>
    /// <param name="spec">What to run.</param>
    /// <param name="taskRevision">The task's revision that the job was made from, if its silo is to say whether it is still the task's; else null.</param>
    /// <param name="token">The waiter's token.</param>
    /// <param name="deadline">When the wait for a reply ends.</param>
    /// <param name="drained">Canceled when nothing is repeated any more.</param>
    /// <param name="aborted">Canceled when the client has disconnected.</param>
    /// <returns>Null: the job goes on, and this gateway is subscribed to its end.</returns>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    public Task<WaitResult?> SubmitAsync(
        PendingJob job, JobSpec spec, Guid? taskRevision, string? token, Deadline deadline, CancellationToken drained, CancellationToken aborted)
    {
        // A process that was frozen between two tries must not submit a job that has ended and was removed meanwhile.
        var lastTry = _timeProvider.GetUtcNow() + (_options.Silence > _options.Patience ? _options.Silence : _options.Patience);
        return UntilRepliedAsync(
            job,
            token,
            subscription =>
            {
                var now = _timeProvider.GetUtcNow();
                return _doors.SubmitAsync(job.Key, spec, subscription, (now < lastTry ? now : lastTry) + SubmitValidity, taskRevision);
            },
            namesRevision: taskRevision is not null,
            mayShow: null,
            deadline,
            drained,
            aborted);
    }

    /// <summary>Attaches to a job, until its grain has replied.</summary>
    /// <param name="job">The job, with a waiter.</param>
    /// <param name="mayShow">Whether the caller may see the job.</param>
    /// <param name="deadline">When the wait for a reply ends.</param>
    /// <param name="drained">Canceled when nothing is repeated any more.</param>
    /// <param name="aborted">Canceled when the client has disconnected.</param>
    /// <returns>Null: the job goes on, and this gateway is subscribed to its end.</returns>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    public Task<WaitResult?> AttachAsync(
        PendingJob job, Func<JobAccess, bool> mayShow, Deadline deadline, CancellationToken drained, CancellationToken aborted) => UntilRepliedAsync(
        job,
        token: null,
        subscription => _doors.AttachAsync(job.Key, subscription, Reading.Cached),
        namesRevision: false,
        mayShow,
        deadline,
        drained,
        aborted);

    /// <summary>Attaches again, once.</summary>
    /// <returns>Null: the call failed.</returns>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    public async Task<JobReply?> AttachAgainAsync(PendingJob job, Reading reading, Deadline deadline, CancellationToken aborted)
    {
        _metrics.Reattached();
        try
        {
            var called = Call(job, job.Token, subscription => _doors.AttachAsync(job.Key, subscription, reading, isOneOfMany: true));
            return Accept(job, await deadline.WaitAsync(called, aborted));
        }
        catch (Exception fault) when (!IsAbort(fault, aborted))
        {
            LogCallFailed(fault, job.Key);
            return null;
        }
    }

    /// <summary>
    /// Tells the job's grain that the waiters here have left, until it has heard. If all have disconnected, the grain may cancel the job; if a client was
    /// told where to ask for it, it must not, even if others disconnect later.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="version">The version of the gateway's newest subscription when the last waiter left.</param>
    public void Leave(PendingJob job, long version)
    {
        if (!job.AllDisconnected)
        {
            _unacknowledgedLeaves[job.Key] = version;
        }

        _ = LeaveAsync(job, new Subscription(job.Observer, version));
    }

    private async Task LeaveAsync(PendingJob job, Subscription subscription)
    {
        await job.Calls.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var grain = _grains.GetJob(job.Key);
        if (_unacknowledgedLeaves.ContainsKey(job.Key))
        {
            await LeaveAsync(grain, subscription, job.Key);
        }
        else
        {
            await _leaves.ExecuteAsync(job.Key, () => grain.Disconnect(subscription), reply => reply != Cancellation.Unavailable, LeaveTime);
        }
    }

    private async Task LeaveAsync(IJobGrain grain, Subscription subscription, string key)
    {
        var (isHeard, _) = await _leaves.ExecuteAsync(
            key,
            async () =>
            {
                await grain.Leave(subscription);
                return true;
            },
            _ => true,
            LeaveTime);
        if (isHeard)
        {
            _unacknowledgedLeaves.TryRemove(KeyValuePair.Create(key, subscription.Version));
        }
    }

    private async Task<WaitResult?> UntilRepliedAsync(
        PendingJob job,
        string? token,
        Func<Subscription, Task<JobReply>> call,
        bool namesRevision,
        Func<JobAccess, bool>? mayShow,
        Deadline deadline,
        CancellationToken drained,
        CancellationToken aborted)
    {
        var outage = new OutageLimit(_timeProvider, _options.Patience, _options.Silence);
        var isOutcomeUnknown = false;
        var grainFailures = 0;
        for (var backoff = RetryPolicy.GrainCall.NewBackoff(); ;)
        {
            try
            {
                var reply = Accept(job, await deadline.WaitAsync(Call(job, token, call), aborted));
                switch (reply)
                {
                    case JobReply.Finished { Job: var finished }:
                        job.Finish(reply);
                        return mayShow?.Invoke(finished.Access) == false ? new WaitResult.Forbidden() : new WaitResult.Replied(reply);
                    case JobReply.Pending pending:
                        return mayShow?.Invoke(pending.Access) == false ? new WaitResult.Forbidden() : null;
                    case JobReply.TaskChanged changed:
                        return new WaitResult.TaskChanged(changed.MayHaveStarted || isOutcomeUnknown);
                    case JobReply.Unavailable unavailable:
                        isOutcomeUnknown |= unavailable.MayExist;
                        if (!outage.MayRepeatAfter(isAnswered: true) || deadline.Remaining == TimeSpan.Zero)
                        {
                            return ResultOf(reply);
                        }

                        break;
                    default:
                        return ResultOf(reply);
                }
            }
            catch (Exception fault) when (!IsAbort(fault, aborted))
            {
                LogCallFailed(fault, job.Key);
                if (namesRevision && !fault.IsClusterFault())
                {
                    // A silo of version 0.1 has just joined, and owns the job. It does not know the message.
                    return new WaitResult.TaskChanged(MayHaveStarted: true);
                }

                isOutcomeUnknown = true;
                grainFailures += fault.IsClusterFault() ? 0 : 1;
                if (grainFailures == MaxGrainFailures || !outage.MayRepeatAfter(isAnswered: false) || deadline.Remaining == TimeSpan.Zero)
                {
                    return new WaitResult.Unknown();
                }
            }

            if (drained.IsCancellationRequested)
            {
                return ResultOf(new JobReply.Unavailable());
            }

            var pause = backoff.Next();
            await Task.Delay(pause < deadline.Remaining ? pause : deadline.Remaining, _timeProvider, aborted);
        }

        // A refusal is none if an earlier try may have created the job, or may do so yet.
        WaitResult ResultOf(JobReply reply) => isOutcomeUnknown && reply.IsRefusal ? new WaitResult.Unknown() : new WaitResult.Replied(reply);
    }

    private Task<JobReply> Call(PendingJob job, string? token, Func<Subscription, Task<JobReply>> call)
    {
        var version = Interlocked.Increment(ref _version);
        job.Subscribe(version);
        var called = call(new Subscription(job.Observer, version, token));
        job.Called(called);
        return called;
    }

    private JobReply Accept(PendingJob job, JobReply reply)
    {
        switch (reply)
        {
            case JobReply.Pending pending:
                _schedule.Established(job, pending);
                return pending;
            case JobReply.Finished finished:
                return _finishedJobs.Share(finished);
            default:
                return reply;
        }
    }

    private static bool IsAbort(Exception fault, CancellationToken aborted) => fault is OperationCanceledException && aborted.IsCancellationRequested;
}
