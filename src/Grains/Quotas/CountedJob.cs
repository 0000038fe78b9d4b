using SyncCluster.Jobs;

namespace SyncCluster.Quotas;

/// <summary>A job that uses a quota.</summary>
[GenerateSerializer, Immutable, Alias("sync.count.job")]
public sealed record CountedJob([property: Id(0)] string JobId, [property: Id(1)] string TaskId)
{
    internal static CountedJob Of(JobSpec spec) => new(spec.JobId, spec.TaskId);
}
