namespace SyncCluster.Hosting.Connections;

internal sealed partial class OpenConnections
{
    [LoggerMessage(3080, LogLevel.Warning, "Limits:Connections is lowered from {Configured} to {Limit}: this process may have {OpenFiles} open files, and needs some itself.")]
    private partial void LogLowered(int configured, int limit, int? openFiles);

    [LoggerMessage(
        3081,
        LogLevel.Warning,
        "New connections are closed, and this server is not ready: {Count} are open. Limits:Connections is {Limit}, and this process may have {OpenFiles} open files.")]
    private partial void LogFull(int count, int limit, int? openFiles);

    [LoggerMessage(3082, LogLevel.Information, "New connections are accepted again. {Closed} were closed.")]
    private partial void LogRoom(long closed);
}
