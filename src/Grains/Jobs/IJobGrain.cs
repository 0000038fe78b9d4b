using Orleans.Concurrency;
using SyncCluster.Tasks;

namespace SyncCluster.Jobs;

/// <summary>One job. Key: <see cref="JobKey"/>. Every call is short and idempotent. <c>JobGrain</c> describes the protocol.</summary>
[Alias("sync.job")]
public interface IJobGrain : IGrainWithStringKey
{
    /// <summary>Creates and releases the job, and subscribes the gateway. On an existing job it does what <see cref="Attach"/> does.</summary>
    /// <param name="spec">The job.</param>
    /// <param name="subscription">The gateway that waits for it.</param>
    /// <param name="validUntil">
    /// After this moment the call releases nothing: the gateway no longer waits for the reply, and may have reported a failure.
    /// </param>
    [Alias("submit"), ResponseTimeout("00:00:03")]
    Task<JobReply> Submit(JobSpec spec, Subscription subscription, DateTimeOffset validUntil);

    /// <summary>
    /// Like <see cref="Submit"/>, if the task still has the revision that the job was made from; else <see cref="JobReply.TaskChanged"/>. The gateway
    /// need not have read the task for this call.
    /// </summary>
    /// <remarks>A silo of version 0.1 does not know the message: the call fails.</remarks>
    /// <param name="spec">The job.</param>
    /// <param name="subscription">The gateway that waits for it.</param>
    /// <param name="validUntil">As in <see cref="Submit"/>.</param>
    /// <param name="taskRevision">The task's <see cref="TaskDefinition.Revision"/>.</param>
    [Alias("submitifcurrent"), ResponseTimeout("00:00:03")]
    Task<JobReply> SubmitIfCurrent(JobSpec spec, Subscription subscription, DateTimeOffset validUntil, Guid taskRevision);

    /// <summary>Subscribes the gateway to the job, or returns the finished job.</summary>
    /// <param name="subscription">The gateway that waits; null to read the job without waiting for it.</param>
    /// <param name="reading">Whether storage must be read.</param>
    [Alias("attach"), ResponseTimeout("00:00:03")]
    Task<JobReply> Attach(Subscription? subscription, Reading reading);

    /// <summary>
    /// The progress of an unfinished job; null if this activation knows of none. The call interleaves with others and uses only the record in memory:
    /// a runner that does not answer must not delay the job's end.
    /// </summary>
    /// <param name="from">How many bytes of the script's log the caller already has.</param>
    [Alias("follow"), ResponseTimeout("00:00:03"), AlwaysInterleave]
    Task<JobProgress?> Follow(long from);

    /// <summary>
    /// The gateway has no waiter left for this job, and a client was told where to ask for it. Ignored if the gateway has subscribed again since.
    /// </summary>
    /// <exception cref="OrleansException">Storage can't be reached: say it again.</exception>
    [Alias("leave"), ResponseTimeout("00:00:03")]
    Task Leave(Subscription subscription);

    /// <summary>
    /// Like <see cref="Leave"/>, if the clients of all the gateway's waiters have disconnected. Cancels a job with
    /// <see cref="JobSpec.CallerWaitsUntil"/> that no other gateway waits for.
    /// </summary>
    [Alias("abandon"), ResponseTimeout("00:00:05")]
    Task<Cancellation> Disconnect(Subscription subscription);

    /// <summary>
    /// Ends a job that was allocated but never submitted, so that it can't be released. Accepted: it never will be released. AlreadyEnded: it was
    /// submitted before, and goes on.
    /// </summary>
    [Alias("forgo"), ResponseTimeout("00:00:05")]
    Task<Cancellation> CancelUnsubmitted(JobSpec spec);

    /// <summary>
    /// A runner asks for the right to start the job, immediately before it starts the script. Only <see cref="Assignment.Granted"/> gives it.
    /// </summary>
    [Alias("assign"), ResponseTimeout("00:00:05")]
    Task<Assignment> Assign(Guid attempt, Guid run, SiloAddress runner);

    /// <summary>A runner reports the end of its run.</summary>
    /// <param name="run">The run; <see cref="JobRecord.NoRun"/> if an external system has ended the job (<see cref="JobGrainExtensions.CompleteExternal"/>).</param>
    /// <param name="outcome">The end.</param>
    [Alias("complete"), ResponseTimeout("00:00:05")]
    Task<Completion> Complete(Guid run, JobOutcome outcome);

    /// <summary>
    /// A silo has found out that an attempt has not released the job at TheEye, and never will. If that attempt still stands, the job gets another one
    /// at once, although the silo of its grain may have monitored it for a shorter time.
    /// </summary>
    /// <remarks><inheritdoc cref="Remove" path="/remarks"/> That silo finds it out by itself.</remarks>
    /// <returns>What <see cref="Attach"/> returns to a call without a subscription.</returns>
    [Alias("notreleased"), ResponseTimeout("00:00:03")]
    Task<JobReply> NotReleased(Guid attempt);

    /// <summary>Whether a run may have children, and which ancestors they have.</summary>
    /// <param name="run">The run, as its <see cref="JobToken"/> names it.</param>
    [Alias("parent"), ResponseTimeout("00:00:03")]
    Task<ParentReply> AskAsParent(Guid run);

    /// <summary>Ends a job that waits for a runner; stops a job that runs.</summary>
    [Alias("cancel"), ResponseTimeout("00:00:05")]
    Task<Cancellation> Cancel();

    /// <summary>Ends a job by force, whatever state its runner is in. What the runner reports later changes nothing.</summary>
    [Alias("terminate"), ResponseTimeout("00:00:05")]
    Task<Cancellation> Terminate();

    /// <summary>Removes a job that has ended, and not just now. <c>JobGrain</c> describes what is left of it.</summary>
    /// <remarks>A silo of version 0.1 does not know the message: the call fails until no such silo is left.</remarks>
    [Alias("remove"), ResponseTimeout("00:00:05")]
    Task<Removal> Remove();

    /// <summary>Cancels a job that waits for a runner, tells its waiters, and removes it. Any other job as <see cref="Remove"/> does.</summary>
    /// <remarks><inheritdoc cref="Remove" path="/remarks"/></remarks>
    [Alias("cancelandremove"), ResponseTimeout("00:00:05")]
    Task<Removal> CancelAndRemove();
}
