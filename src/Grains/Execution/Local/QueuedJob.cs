using SyncCluster.Jobs;
using SyncCluster.Scripts;

namespace SyncCluster.Execution.Local;

/// <summary>A job on this silo, from its release until its end is reported.</summary>
internal sealed record QueuedJob(JobSpec Spec, Guid Attempt)
{
    public string Key => JobKey.Of(Spec.Customer, Spec.JobId);

    public CancellationTokenSource Canceled { get; } = new();

    /// <summary>What its script prints; null before it runs.</summary>
    public ScriptLog? Log { get; set; }
}
