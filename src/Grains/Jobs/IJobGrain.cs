using Orleans.Concurrency;

namespace SyncCluster.Jobs;

/// <summary>One job. Key: <see cref="JobKey"/>. Every call is short and idempotent; the protocol is told at <c>JobGrain</c>.</summary>
[Alias("sync.job")]
public interface IJobGrain : IGrainWithStringKey
{
    /// <summary>Makes the job exist, releases it, and subscribes the gateway; on an existing job the same as <see cref="Attach"/>.</summary>
    /// <param name="spec">The job.</param>
    /// <param name="subscription">Who waits.</param>
    /// <param name="validUntil">After that the call releases nothing: the gateway has given it up, and has perhaps said so.</param>
    [Alias("submit"), ResponseTimeout("00:00:03")]
    Task<JobReply> Submit(JobSpec spec, Subscription subscription, DateTimeOffset validUntil);

    /// <summary>Subscribes the gateway to a job, or gives it the finished one.</summary>
    /// <param name="subscription">Who waits; null to read only.</param>
    /// <param name="reading">Whether storage must be asked.</param>
    [Alias("attach"), ResponseTimeout("00:00:03")]
    Task<JobReply> Attach(Subscription? subscription, Reading reading);

    /// <summary>
    /// How far an unfinished job is; null where this activation does not know of one. It does not run alone, and so it relies on nothing but the record
    /// that is in memory: a runner that does not answer must not keep the job's end waiting.
    /// </summary>
    /// <param name="from">How many bytes of its script's log are known.</param>
    [Alias("follow"), ResponseTimeout("00:00:03"), AlwaysInterleave]
    Task<JobProgress?> Follow(long from);

    /// <summary>The gateway has no waiter left for this job. Ignored when it has subscribed again since.</summary>
    [Alias("leave"), ResponseTimeout("00:00:03")]
    Task Leave(Subscription subscription);

    /// <summary>As <see cref="Leave"/>, and each of the gateway's waiters has hung up: cancels the job if it is one that nobody else waits for.</summary>
    [Alias("abandon"), ResponseTimeout("00:00:05")]
    Task<Cancellation> Disconnect(Subscription subscription);

    /// <summary>
    /// Sees to it that a job which was made for this cluster to release never is, if nobody has submitted it yet. Accepted: it never will be.
    /// AlreadyEnded: it was submitted, and goes its way.
    /// </summary>
    [Alias("forgo"), ResponseTimeout("00:00:05")]
    Task<Cancellation> CancelUnsubmitted(JobSpec spec);

    /// <summary>A runner asks to start the job, immediately before it does. Only on <see cref="Assignment.Granted"/> may it.</summary>
    [Alias("assign"), ResponseTimeout("00:00:05")]
    Task<Assignment> Assign(Guid attempt, Guid run, SiloAddress runner);

    /// <summary>A runner reports the end of the run.</summary>
    [Alias("complete"), ResponseTimeout("00:00:05")]
    Task<Completion> Complete(Guid run, JobOutcome outcome);

    /// <summary>Ends a waiting job, stops a running one.</summary>
    [Alias("cancel"), ResponseTimeout("00:00:05")]
    Task<Cancellation> Cancel();

    /// <summary>Ends a job by force, whatever has become of its runner. What that still reports changes nothing.</summary>
    [Alias("terminate"), ResponseTimeout("00:00:05")]
    Task<Cancellation> Terminate();
}

/// <summary>A gateway's interest in one job.</summary>
/// <param name="Observer">The gateway's observer.</param>
/// <param name="Version">Grows with every subscription of the gateway: a Leave with an older one is ignored.</param>
/// <param name="Token">What TheEye may be asked with in the waiter's name; null where tokens are this cluster's own. Never stored, never logged.</param>
[GenerateSerializer, Immutable, Alias("sync.job.subscription")]
public sealed record Subscription(
    [property: Id(0)] IJobObserver Observer,
    [property: Id(1)] long Version,
    [property: Id(2)] string? Token = null)
{
    /// <summary>Keeps the token out of logs.</summary>
    public override string ToString() => $"subscription {Version}";
}

/// <summary>How far an answer may rely on the activation's memory.</summary>
public enum Reading
{
    /// <summary>Memory will do, unless it is old or the membership has changed since.</summary>
    Cached = 0,

    /// <summary>Storage must be read: the last look before a waiter gives up.</summary>
    Fresh = 1,
}

public enum Assignment
{
    Granted = 0,

    /// <summary>Another attempt or run has the job, or it has ended: do not start it.</summary>
    Refused = 1,

    /// <summary>Storage can't be reached: nothing was decided, ask again.</summary>
    Retry = 2,
}

public enum Completion
{
    /// <summary>Stored. It will not be lost.</summary>
    Accepted = 0,

    /// <summary>The job had ended otherwise, or is unknown: this end changes nothing.</summary>
    AlreadyFinished = 1,

    /// <summary>It could not be stored: report it again.</summary>
    Retry = 2,
}

public enum Cancellation
{
    Accepted = 0,
    AlreadyEnded = 1,
    NotFound = 2,
    Unavailable = 3,
}

/// <summary>What a job's grain says to a gateway.</summary>
[GenerateSerializer, Immutable, Alias("sync.job.reply")]
public abstract record JobReply
{
    private JobReply()
    {
    }

    /// <summary>
    /// The job goes on. <paramref name="Document"/> is set for a reader without a subscription. <paramref name="Leaving"/>: the grain's silo stops, and
    /// whatever it pushes from now on may not arrive; attach again until another silo has the grain.
    /// </summary>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.pending")]
    public sealed record Pending(
        [property: Id(0)] JobAccess Access,
        [property: Id(1)] Lifecycle Lifecycle,
        [property: Id(2)] byte[]? Document,
        [property: Id(3)] bool Leaving = false) : JobReply;

    [GenerateSerializer, Immutable, Alias("sync.job.reply.finished")]
    public sealed record Finished([property: Id(0)] FinishedJob Job) : JobReply;

    [GenerateSerializer, Immutable, Alias("sync.job.reply.notfound")]
    public sealed record NotFound : JobReply;

    /// <summary>There is no place in the queue. Nothing was stored.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.full")]
    public sealed record QueueFull : JobReply;

    /// <summary>The job is that of another call with the same key, which has asked for something else.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.othercall")]
    public sealed record IdempotencyConflict : JobReply;

    /// <summary>As many jobs as there may be are queued or running. Nothing was stored.</summary>
    /// <param name="By">Whose limit it is.</param>
    /// <param name="Limit">How many there may be.</param>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.overlimit")]
    public sealed record QuotaExceeded([property: Id(0)] QuotaScope By, [property: Id(1)] int Limit) : JobReply;

    /// <summary>The storage keeps what room it has for the jobs that there are. Nothing was stored.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.storagefull")]
    public sealed record StorageFull : JobReply;

    /// <summary>Storage can't be reached. Nothing was released by this call.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.unavailable")]
    public sealed record Unavailable : JobReply;
}

/// <summary>Whose jobs a limit counts.</summary>
public enum QuotaScope
{
    Customer = 0,
    Task = 1,
}

/// <summary>Who may see and cancel a job.</summary>
[GenerateSerializer, Immutable, Alias("sync.job.access")]
public sealed record JobAccess(
    [property: Id(0)] string[] Acl,
    [property: Id(1)] bool Cancellable,
    [property: Id(2)] byte[]? SecretHash);

/// <summary>A job that has ended, as it travels to whoever waits for it.</summary>
/// <param name="Key">Its <see cref="JobKey"/>.</param>
/// <param name="Lifecycle">How it ended.</param>
/// <param name="State">How it ended.</param>
/// <param name="Document">JSON, UTF-8.</param>
/// <param name="Access">Who may see it.</param>
/// <param name="Fault">Why there is no answer, and no document; null where there is one.</param>
[GenerateSerializer, Immutable, Alias("sync.job.finished")]
public sealed record FinishedJob(
    [property: Id(0)] string Key,
    [property: Id(1)] Lifecycle Lifecycle,
    [property: Id(2)] JobState State,
    [property: Id(3)] byte[] Document,
    [property: Id(4)] JobAccess Access,
    [property: Id(5)] string? Fault = null);

/// <summary>A gateway's ear.</summary>
[Alias("sync.job.observer")]
public interface IJobObserver : IGrainObserver
{
    /// <summary>A job has ended. Handled synchronously; the reply says that it has arrived.</summary>
    [Alias("completed"), ResponseTimeout("00:00:03")]
    Task Completed(FinishedJob job);

    /// <summary>The same of several jobs.</summary>
    [Alias("allcompleted"), ResponseTimeout("00:00:03")]
    Task AllCompleted(FinishedJob[] jobs);

    /// <summary>The job's grain leaves memory, and with it what it knew of its waiters: attach again.</summary>
    /// <param name="key">The job's <see cref="JobKey"/>.</param>
    [Alias("moved"), OneWay]
    Task Moved(string key);
}

/// <summary>The key of a job's grain: <c>customer/jobId</c>.</summary>
public static class JobKey
{
    public static string Of(string customer, string jobId) => $"{customer}/{jobId}";
}

/// <summary>Finds jobs' grains.</summary>
public static class JobGrainExtensions
{
    private static Types? _types;

    /// <summary>The grain of a job. What Orleans finds out about the interface anew for each reference, by reflection, is kept.</summary>
    /// <param name="grains">Of the silo or the client.</param>
    /// <param name="key">The job's <see cref="JobKey"/>.</param>
    public static IJobGrain GetJob(this IGrainFactory grains, string key)
    {
        if (Volatile.Read(ref _types) is { } types)
        {
            return (IJobGrain)grains.GetGrain(GrainId.Create(types.Grain, key), types.Interface);
        }

        var job = grains.GetGrain<IJobGrain>(key);
        Volatile.Write(ref _types, new(job.GetGrainId().Type, ((GrainReference)job).InterfaceType));
        return job;
    }

    private sealed record Types(GrainType Grain, GrainInterfaceType Interface);
}
