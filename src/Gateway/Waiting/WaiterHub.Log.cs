namespace SyncCluster.Gateway.Waiting;

internal sealed partial class WaiterHub
{
    [LoggerMessage(4110, LogLevel.Error, "The record of job {JobKey} is lost while clients wait for it.")]
    private partial void LogRecordLost(string jobKey);
}
