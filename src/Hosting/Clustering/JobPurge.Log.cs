namespace SyncCluster.Hosting.Clustering;

internal sealed partial class JobPurge
{
    [LoggerMessage(3042, LogLevel.Information, "An operator has removed {Count} ended jobs of {Customer}.")]
    private partial void LogPurged(int count, string customer);

    [LoggerMessage(3043, LogLevel.Warning, "Job {Key} was not removed: the storage has failed.")]
    private partial void LogNotRemoved(Exception fault, string key);
}
