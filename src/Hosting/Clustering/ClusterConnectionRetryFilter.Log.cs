namespace SyncCluster.Hosting.Clustering;

internal sealed partial class ClusterConnectionRetryFilter
{
    [LoggerMessage(3020, LogLevel.Warning, "Waiting for the cluster's first silo: {Error}")]
    private partial void LogWaitingForSilo(string error);
}
