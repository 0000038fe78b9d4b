namespace SyncCluster.Hosting.Storage;

internal sealed partial class JobRecovery
{
    [LoggerMessage(3168, LogLevel.Information, "{Count} jobs and task queues were left unfinished when the server ended. They are taken up.")]
    private partial void LogTakesUp(int count);

    [LoggerMessage(3169, LogLevel.Warning, "{Count} of the unfinished jobs and task queues could not be taken up yet. It is tried again.")]
    private partial void LogRepeats(int count);

    [LoggerMessage(3171, LogLevel.Debug, "{Grain} did not answer when it was to be taken up.")]
    private partial void LogNoAnswer(Exception fault, string grain);
}
