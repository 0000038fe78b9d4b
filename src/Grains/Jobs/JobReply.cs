namespace SyncCluster.Jobs;

/// <summary>The reply of a job's grain to a gateway.</summary>
[GenerateSerializer, Immutable, Alias("sync.job.reply")]
public abstract record JobReply
{
    private JobReply()
    {
    }

    /// <summary>Whether it says that this submit has released nothing. An earlier try, or one on another way, may have all the same.</summary>
    internal bool IsRefusal => this is Unavailable or QueueFull or QuotaExceeded or StorageFull;

    /// <summary>The job has not ended.</summary>
    /// <param name="Access">Who may see and cancel it.</param>
    /// <param name="Lifecycle">Its lifecycle now.</param>
    /// <param name="Document">Its document: JSON, UTF-8. Only for a caller without a subscription.</param>
    /// <param name="Leaving">
    /// The grain's silo is stopping, or another silo owns the job. What the grain pushes may not arrive: attach again until another silo has the
    /// grain.
    /// </param>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.pending")]
    public sealed record Pending(
        [property: Id(0)] JobAccess Access,
        [property: Id(1)] Lifecycle Lifecycle,
        [property: Id(2)] byte[]? Document,
        [property: Id(3)] bool Leaving = false) : JobReply
    {
        /// <summary>Where its script runs; null if it does not yet, or elsewhere. Only for a caller without a subscription.</summary>
        [Id(4)]
        public JobRun? Run { get; init; }

        /// <summary>How many gateways wait for it; null from a silo of version 0.1. Only for a caller without a subscription.</summary>
        [Id(5)]
        public int? Gateways { get; init; }

        /// <summary>The job's <see cref="JobSpec.CallerAddress"/>. Only for a caller without a subscription.</summary>
        [Id(6)]
        public string? CallerAddress { get; init; }
    }

    /// <param name="Job">The job.</param>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.finished")]
    public sealed record Finished([property: Id(0)] FinishedJob Job) : JobReply
    {
        /// <summary>Where its script has run; null if none has, or elsewhere. Only for a caller without a subscription.</summary>
        [Id(1)]
        public JobRun? Run { get; init; }

        /// <summary>The job's <see cref="JobSpec.CallerAddress"/>. Only for a caller without a subscription.</summary>
        [Id(2)]
        public string? CallerAddress { get; init; }
    }

    [GenerateSerializer, Immutable, Alias("sync.job.reply.notfound")]
    public sealed record NotFound : JobReply;

    /// <summary>The silo's queue is full. Nothing was stored.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.full")]
    public sealed record QueueFull : JobReply;

    /// <summary>The job belongs to another request with the same idempotency key.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.othercall")]
    public sealed record IdempotencyConflict : JobReply;

    /// <summary>A quota of queued and running jobs, or of stored bytes, is used up. Nothing was stored.</summary>
    /// <param name="By">Whose quota it is.</param>
    /// <param name="Limit">How many jobs it allows; for stored bytes, how many mebibytes.</param>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.overlimit")]
    public sealed record QuotaExceeded([property: Id(0)] QuotaScope By, [property: Id(1)] int Limit) : JobReply;

    /// <summary>The storage has only enough room left for the existing jobs, and for jobs of customers that have less. Nothing was stored.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.storagefull")]
    public sealed record StorageFull : JobReply;

    /// <summary>
    /// The task is not as the call has it, or that is not known. The grain has not created the job. Read the task, and submit the job again, under the
    /// same id.
    /// </summary>
    /// <param name="MayHaveStarted">Whether the same submit was sent before, on another way, and may still create the job. The grain does not know that.</param>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.taskchanged")]
    public sealed record TaskChanged([property: Id(0)] bool MayHaveStarted = false) : JobReply;

    /// <summary>Storage can't be reached, or the call came too late. It has released nothing.</summary>
    /// <param name="MayExist">
    /// Whether this submit may have stored the job all the same, or an earlier one has: whoever asks for the job then makes it run. A silo of version 0.1 does
    /// not tell.
    /// </param>
    [GenerateSerializer, Immutable, Alias("sync.job.reply.unavailable")]
    public sealed record Unavailable([property: Id(0)] bool MayExist = false) : JobReply;
}

/// <summary>What a quota counts: the jobs of a customer or a task, or a customer's stored bytes.</summary>
public enum QuotaScope
{
    Customer = 0,
    Task = 1,

    /// <summary>The bytes that the customer's jobs take in the storage.</summary>
    StoredBytes = 2,
}
