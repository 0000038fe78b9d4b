namespace SyncCluster.Hosting.Clustering;

/// <summary>Makes a gateway that starts before the first silo wait for it.</summary>
internal sealed partial class ClusterConnectionRetryFilter(TimeProvider timeProvider, ILogger<ClusterConnectionRetryFilter> logger)
    : IClientConnectionRetryFilter
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        LogWaitingForSilo(exception.Message);
        await Task.Delay(Pause, timeProvider, cancellationToken);
        return true;
    }
}
