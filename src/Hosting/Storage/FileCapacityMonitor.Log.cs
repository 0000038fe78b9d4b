namespace SyncCluster.Hosting.Storage;

internal sealed partial class FileCapacityMonitor
{
    [LoggerMessage(3165, LogLevel.Warning,
        "The storage is near Storage:EmbeddedLimit: new jobs of customers that have stored their share are refused until some have expired.")]
    private partial void LogNearlyFull();

    [LoggerMessage(3166, LogLevel.Error, "The storage has reached Storage:EmbeddedLimit: new jobs are refused until some have expired.")]
    private partial void LogFull();

    [LoggerMessage(3167, LogLevel.Information, "The storage has room for new jobs again.")]
    private partial void LogRoom();
}
