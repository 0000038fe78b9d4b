namespace SyncCluster.Hosting.Clustering;

internal sealed partial class RedisStartupCheck
{
    [LoggerMessage(3000, LogLevel.Warning, "Waiting for Redis at {Endpoints}.")]
    private partial void LogWaiting(string endpoints);

    [LoggerMessage(3001, LogLevel.Warning, "Redis does not answer: {Error}")]
    private partial void LogUnreachable(string error);
}
