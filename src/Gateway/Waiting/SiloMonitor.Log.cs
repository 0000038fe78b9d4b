namespace SyncCluster.Gateway.Waiting;

internal sealed partial class SiloMonitor
{
    [LoggerMessage(4120, LogLevel.Warning, "These silos have left the cluster: {Silos}. This gateway attaches to all its jobs again.")]
    private partial void LogLeft(string silos);

    [LoggerMessage(4300, LogLevel.Information, "These silos have joined the cluster: {Silos}. This gateway attaches to all its jobs again.")]
    private partial void LogJoined(string silos);

    [LoggerMessage(4121, LogLevel.Information, "The list of silos can't be read.")]
    private partial void LogListUnreadable(Exception exception);
}
