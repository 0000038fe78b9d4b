namespace SyncCluster.Jobs;

/// <summary>The progress of an unfinished job.</summary>
/// <param name="Lifecycle">Its lifecycle now.</param>
/// <param name="Log">What its script has printed since the caller's position; null if the runner can't be asked.</param>
[GenerateSerializer, Immutable, Alias("sync.job.progress")]
public sealed record JobProgress(
    [property: Id(0)] Lifecycle Lifecycle,
    [property: Id(1)] JobLog? Log);
