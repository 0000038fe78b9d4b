using SyncCluster.Jobs;
using SyncCluster.Scripts;

namespace SyncCluster.Execution.Local;

/// <summary>A job that this silo holds.</summary>
/// <param name="Spec">The job.</param>
/// <param name="Attempt">The attempt that has released it.</param>
/// <param name="Since">The timestamp of its release.</param>
internal sealed record QueuedJob(JobSpec Spec, Guid Attempt, long Since)
{
    /// <summary>The job's <see cref="JobKey"/>.</summary>
    public string Key => JobKey.Of(Spec.Customer, Spec.JobId);

    /// <summary>Canceled when the job's run is to be stopped.</summary>
    public CancellationTokenSource Cancellation { get; } = new();

    /// <summary>The log of the job's script; null before the script has started.</summary>
    public ScriptLog? Log { get; set; }
}
