namespace SyncCluster.Hosting.Clustering;

internal sealed partial class RedisConnectionMonitor
{
    [LoggerMessage(3110, LogLevel.Warning, "The connection to Redis at {Endpoints} is lost: new calls are refused, and waiting ones go on waiting.")]
    private partial void LogLost(string endpoints);

    [LoggerMessage(3120, LogLevel.Warning, "A part of Redis is lost: new calls that need it are refused, and waiting ones go on waiting. {Missing}")]
    private partial void LogPartLost(string missing);

    [LoggerMessage(3111, LogLevel.Error, "{Refusal} This server can't go on before that is mended.")]
    private partial void LogRefused(string refusal);

    [LoggerMessage(3112, LogLevel.Information, "Redis at {Endpoints} is connected again.")]
    private partial void LogConnected(string endpoints);
}
