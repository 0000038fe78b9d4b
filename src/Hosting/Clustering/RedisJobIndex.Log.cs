namespace SyncCluster.Hosting.Clustering;

internal sealed partial class RedisJobIndex
{
    [LoggerMessage(3150, LogLevel.Debug, "{Count} entries of {Customer} in the index of jobs could not be changed; who lists them mends them. {Error}")]
    private partial void LogNotChanged(int count, string customer, string error);
}
