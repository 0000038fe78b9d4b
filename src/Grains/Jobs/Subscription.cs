namespace SyncCluster.Jobs;

/// <summary>A gateway's interest in one job.</summary>
/// <param name="Observer">The gateway's observer.</param>
/// <param name="Version">Grows with every subscription of the gateway: a Leave with an older version is ignored.</param>
/// <param name="Token">The waiter's token for calls to TheEye; null if this cluster issues its own tokens. Never stored, never logged.</param>
[GenerateSerializer, Immutable, Alias("sync.job.subscription")]
public sealed record Subscription(
    [property: Id(0)] IJobObserver Observer,
    [property: Id(1)] long Version,
    [property: Id(2)] string? Token = null)
{
    /// <summary>Keeps the token out of logs.</summary>
    public override string ToString() => $"subscription {Version}";
}
