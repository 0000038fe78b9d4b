namespace SyncCluster.Hosting;

internal sealed partial class ConfigurationFileMonitor
{
    [LoggerMessage(3031, LogLevel.Error, "{File} was changed and can't be read, so that what was configured before stays in force. {Reason}")]
    private partial void LogUnreadable(string? file, string reason);
}
