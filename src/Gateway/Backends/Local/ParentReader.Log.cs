namespace SyncCluster.Gateway.Backends.Local;

internal sealed partial class ParentReader
{
    [LoggerMessage(4750, LogLevel.Warning, "Job {JobId} could not be asked whether its script waits for a call, and is asked again.")]
    private partial void LogNoAnswer(Exception fault, string jobId);
}
