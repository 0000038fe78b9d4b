using System.Collections.Concurrent;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Waiting;

/// <summary>A gateway's calls to the grains of the jobs that it waits for, and how they are tried again. Each renews the gateway's subscription.</summary>
internal sealed partial class JobGrainClient(
    IGrainFactory grains, Action<PendingJob, JobReply.Pending> goesOn, WaitingOptions options, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>So many times a grain may fail by itself: then it is broken, and the caller is not kept.</summary>
    private const int Failures = 3;

    /// <summary>How long is tried to say what has become of a job's waiters.</summary>
    private static readonly TimeSpan LeaveTime = TimeSpan.FromSeconds(30);

    /// <summary>By job, the newest version with which its grain is still to hear that somebody counts on the job.</summary>
    private readonly ConcurrentDictionary<string, long> _promised = new();

    private readonly RetryPipeline _leaves = new(RetryPolicy.GrainCall, timeProvider, (fault, key) => LogCallFailed(logger, fault, key));
    private long _version;

    /// <summary>Calls the job's grain until it has answered. Null: the job goes on, and this gateway is subscribed to its end.</summary>
    /// <param name="job">The job.</param>
    /// <param name="token">The waiter's own token.</param>
    /// <param name="call">What its grain is asked.</param>
    /// <param name="maySee">Whether the asking one may see the job.</param>
    /// <param name="deadline">When the wait ends.</param>
    /// <param name="drained">Canceled when nothing is tried again.</param>
    /// <param name="gone">Canceled when the client has gone.</param>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async Task<WaitResult?> UntilAnsweredAsync(
        PendingJob job,
        string? token,
        Func<IJobGrain, Subscription, Task<JobReply>> call,
        Func<JobAccess, bool> maySee,
        Deadline deadline,
        CancellationToken drained,
        CancellationToken gone)
    {
        var patient = new Deadline(timeProvider, options.Patience);
        var silent = new Deadline(timeProvider, options.Silence);
        var uncertain = false;
        var failures = 0;
        for (var backoff = RetryPolicy.GrainCall.NewBackoff(); ;)
        {
            try
            {
                switch (await CallAsync(job, token, call, deadline, gone))
                {
                    case JobReply.Finished finished:
                        job.Finish(finished.Job);
                        return maySee(finished.Job.Access) ? new WaitResult.Finished(finished.Job) : new WaitResult.Forbidden();
                    case JobReply.Pending pending:
                        return maySee(pending.Access) ? null : new WaitResult.Forbidden();
                    case JobReply.NotFound:
                        return new WaitResult.NotFound();
                    case JobReply.IdempotencyConflict:
                        return new WaitResult.OtherCall();
                    case JobReply.QueueFull:
                        return new WaitResult.QueueFull();
                    case JobReply.QuotaExceeded over:
                        return new WaitResult.OverLimit(over);
                    case JobReply.StorageFull:
                        return new WaitResult.StorageFull();
                    case JobReply.Unavailable when patient.Remaining == TimeSpan.Zero || deadline.Remaining == TimeSpan.Zero:
                        return Unanswered(uncertain);
                }
            }
            catch (Exception fault) when (!IsGone(fault, gone))
            {
                LogCallFailed(logger, fault, job.Key);
                uncertain = true;
                failures += IsTrouble(fault) ? 0 : 1;
                if (failures == Failures || silent.Remaining == TimeSpan.Zero || deadline.Remaining == TimeSpan.Zero)
                {
                    return new WaitResult.Unknown();
                }
            }

            if (drained.IsCancellationRequested)
            {
                return Unanswered(uncertain);
            }

            var pause = backoff.Next();
            await Task.Delay(pause < deadline.Remaining ? pause : deadline.Remaining, timeProvider, gone);
        }
    }

    /// <summary>One call. Null: it is not known what came of it.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async Task<JobReply?> OnceAsync(
        PendingJob job, Func<IJobGrain, Subscription, Task<JobReply>> call, Deadline deadline, CancellationToken gone)
    {
        try
        {
            return await CallAsync(job, job.Token, call, deadline, gone);
        }
        catch (Exception fault) when (!IsGone(fault, gone))
        {
            LogCallFailed(logger, fault, job.Key);
            return null;
        }
    }

    /// <summary>
    /// Says that nobody waits for the job here any more, until it is heard: either the job may have to be canceled, or it must not be, whoever hangs up
    /// next.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="version">Of the gateway's newest subscription then.</param>
    public void Leave(PendingJob job, long version)
    {
        var grain = grains.GetJob(job.Key);
        var subscription = new Subscription(job.Observer, version);
        if (!job.IsAbandoned)
        {
            _promised[job.Key] = version;
        }

        _ = _promised.ContainsKey(job.Key)
            ? LeaveAsync(grain, subscription, job.Key)
            : _leaves.ExecuteAsync(job.Key, () => grain.Disconnect(subscription), answer => answer != Cancellation.Unavailable, LeaveTime);
    }

    private async Task LeaveAsync(IJobGrain grain, Subscription subscription, string key)
    {
        await _leaves.ExecuteAsync(
            key,
            async () =>
            {
                await grain.Leave(subscription);
                return true;
            },
            _ => true,
            LeaveTime);
        _promised.TryRemove(KeyValuePair.Create(key, subscription.Version));
    }

    private async Task<JobReply> CallAsync(
        PendingJob job, string? token, Func<IJobGrain, Subscription, Task<JobReply>> call, Deadline deadline, CancellationToken gone)
    {
        var version = Interlocked.Increment(ref _version);
        job.Subscribe(version);
        var called = call(grains.GetJob(job.Key), new Subscription(job.Observer, version, token));
        var reply = await called.WaitAsync(deadline.Remaining, timeProvider, gone);
        if (reply is JobReply.Pending pending)
        {
            goesOn(job, pending);
        }

        return reply;
    }

    private static WaitResult Unanswered(bool uncertain) => uncertain ? new WaitResult.Unknown() : new WaitResult.Unavailable();

    private static bool IsGone(Exception fault, CancellationToken gone) => fault is OperationCanceledException && gone.IsCancellationRequested;

    /// <summary>Whether the cluster is at fault, or a silo that stops, and another one may answer. Anything else is the grain's own.</summary>
    private static bool IsTrouble(Exception fault) => fault is OrleansException or TimeoutException or OperationCanceledException or ObjectDisposedException;

    [LoggerMessage(Level = LogLevel.Information, Message = "A call to the grain of {Job} failed and will be repeated.")]
    private static partial void LogCallFailed(ILogger logger, Exception fault, string job);
}
