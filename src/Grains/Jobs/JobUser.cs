namespace SyncCluster.Jobs;

/// <summary>The caller, as the job document shows it. Never a token.</summary>
[GenerateSerializer, Immutable, Alias("sync.job.user")]
public sealed record JobUser(
    [property: Id(0)] string Username,
    [property: Id(1)] string Email);
