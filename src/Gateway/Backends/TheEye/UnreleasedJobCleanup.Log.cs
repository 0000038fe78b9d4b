namespace SyncCluster.Gateway.Backends.TheEye;

internal sealed partial class UnreleasedJobCleanup
{
    [LoggerMessage(4210, LogLevel.Information, "Job {JobId}: it is not known yet whether it was submitted.")]
    private partial void LogStateUnknown(Exception exception, string jobId);

    [LoggerMessage(4211, LogLevel.Warning, "Job {JobId} was created at TheEye but may never have been released: cancel it there if it stays syncing.")]
    private partial void LogNotCanceled(string jobId);
}
