namespace SyncCluster.Hosting.Storage;

internal sealed partial class BackUp
{
    [LoggerMessage(3172, LogLevel.Information, "A back-up of the storage was made: {Bytes} bytes.")]
    private partial void LogMade(long bytes);

    [LoggerMessage(3173, LogLevel.Error, "A back-up of the storage could not be made.")]
    private partial void LogFailed(Exception fault);
}
