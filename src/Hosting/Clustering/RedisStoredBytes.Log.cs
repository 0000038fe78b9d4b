namespace SyncCluster.Hosting.Clustering;

internal sealed partial class RedisStoredBytes
{
    [LoggerMessage(3041, LogLevel.Information, "What customers have stored can't be counted in Redis now: {Error}")]
    private partial void LogNotShared(string error);
}
