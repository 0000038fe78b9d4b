namespace SyncCluster.Jobs;

/// <summary>Who may see and cancel a job.</summary>
/// <param name="Acl">The access list that the job has from its task.</param>
/// <param name="Cancellable">False: only an administrator may cancel it.</param>
/// <param name="SecretHash">SHA-256 of the job's own secret; null if it has none.</param>
[GenerateSerializer, Immutable, Alias("sync.job.access")]
public sealed record JobAccess(
    [property: Id(0)] string[] Acl,
    [property: Id(1)] bool Cancellable,
    [property: Id(2)] byte[]? SecretHash);
