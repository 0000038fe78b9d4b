namespace SyncCluster.Hosting.Storage;

internal sealed partial class SqliteDatabase
{
    [LoggerMessage(3161, LogLevel.Error,
        "The storage's file {File} can't be written. Until it can, calls are refused; what was acknowledged is kept.")]
    private partial void LogWriteFailed(Exception fault, string file);

    [LoggerMessage(3162, LogLevel.Information, "The storage's file {File} is written again.")]
    private partial void LogWritesAgain(string file);

    [LoggerMessage(3163, LogLevel.Critical,
        "The disk did not confirm what was written to the storage's file {File}. The process ends, since it can't know what is on it.")]
    private partial void LogNotSynced(Exception fault, string file);

    [LoggerMessage(3164, LogLevel.Warning, "The log of the storage's file {File} could not be moved into it. It is tried again.")]
    private partial void LogNoCheckpoint(Exception fault, string file);
}
