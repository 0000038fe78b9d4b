using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Backends;

/// <summary>What came of allocating a job.</summary>
internal abstract record Allocation
{
    private Allocation()
    {
    }

    /// <summary>The job does nothing until it is submitted.</summary>
    public sealed record Allocated(JobSpec Spec) : Allocation
    {
        /// <summary>The job's document as its backend gives it: JSON, UTF-8. Null if this cluster renders it.</summary>
        public ReadOnlyMemory<byte>? Document { get; init; }

        /// <summary>The revision of the task that the job was made from, if the task was not read for this call; else null.</summary>
        public Guid? TaskRevision { get; init; }
    }

    /// <summary>Nothing is to be submitted: the job has ended, or belongs to another call with the same <c>Idempotency-Key</c>.</summary>
    public sealed record Known(string JobId, JobReply Reply) : Allocation;

    /// <summary>There is no job.</summary>
    public sealed record Refused(Problem Problem) : Allocation;
}
