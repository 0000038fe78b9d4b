namespace SyncCluster.Hosting.Clustering;

internal sealed partial class ClusterTls
{
    [LoggerMessage(3113, LogLevel.Error, "The certificate that was read last is still used, since its files are not valid now. {Error}")]
    private partial void LogNotRenewed(string error);
}
