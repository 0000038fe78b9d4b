namespace SyncCluster.Hosting.Clustering;

internal sealed partial class RedisCapacityMonitor
{
    [LoggerMessage(3010, LogLevel.Warning, "Redis is nearly full: all new jobs are refused.")]
    private partial void LogFull();

    [LoggerMessage(3011, LogLevel.Warning, "Redis has room again: new jobs are accepted.")]
    private partial void LogRoom();

    [LoggerMessage(3040, LogLevel.Warning, "Redis is nearly full: new jobs of customers that have their share of what is stored are refused.")]
    private partial void LogNearlyFull();

    [LoggerMessage(3012, LogLevel.Information, "The memory of Redis can't be read: {Error}")]
    private partial void LogUnknown(string error);

    [LoggerMessage(
        3147,
        LogLevel.Error,
        "{Eviction}: jobs may be lost. New jobs are refused until its maxmemory-policy is noeviction.")]
    private partial void LogEvicts(string eviction);

    [LoggerMessage(3148, LogLevel.Information, "Redis does not evict any more: new jobs are accepted.")]
    private partial void LogEvictsNoMore();
}
