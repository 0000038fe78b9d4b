namespace SyncCluster.Gateway.Limits;

internal sealed partial class WaiterLimit
{
    [LoggerMessage(
        4401,
        LogLevel.Warning,
        "Limits:Waiters is lowered from {Configured} to {Waiters}: there may be {Connections} connections. Allow the process more open files (ulimit -n), or lower Limits:Waiters.")]
    private partial void LogLowered(int configured, int waiters, int connections);
}
