namespace SyncCluster.Gateway.Waiting;

internal sealed partial class JobGrainClient
{
    [LoggerMessage(4100, LogLevel.Information, "A call to the grain of job {JobKey} failed and will be repeated.")]
    private partial void LogCallFailed(Exception exception, string jobKey);
}
