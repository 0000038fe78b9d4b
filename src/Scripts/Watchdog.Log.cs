using Microsoft.Extensions.Logging;

namespace SyncCluster.Scripts;

internal sealed partial class Watchdog
{
    [LoggerMessage(2010, LogLevel.Debug, "The watchdog of this server's scripts runs as process {ProcessId}.")]
    private partial void LogStarted(int processId);

    [LoggerMessage(2011, LogLevel.Warning, "The watchdog of this server's scripts has died. Another one is started.")]
    private partial void LogDied();

    [LoggerMessage(2012, LogLevel.Error, "No watchdog could be started. If this server is killed now, its scripts outlive it.")]
    private partial void LogNotStarted(Exception fault);
}
