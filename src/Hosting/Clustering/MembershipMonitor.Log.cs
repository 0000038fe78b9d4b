namespace SyncCluster.Hosting.Clustering;

internal sealed partial class MembershipMonitor
{
    [LoggerMessage(3142, LogLevel.Error, "Redis has lost the cluster's membership, and with it perhaps jobs and tasks. This silo has restored the membership.")]
    private partial void LogRestored();

    [LoggerMessage(
        3143,
        LogLevel.Error,
        "This silo is not in the cluster's membership any more: it was declared dead, or Redis has lost its row. It ends, and must be started again.")]
    private partial void LogRemoved();

    [LoggerMessage(3144, LogLevel.Information, "The cluster's membership can't be read: {Error}")]
    private partial void LogUnreadable(string error);
}
