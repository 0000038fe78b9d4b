using Microsoft.Extensions.Logging;

namespace SyncCluster.Execution.Local;

internal sealed partial class JobWorkers
{
    [LoggerMessage(2220, LogLevel.Error, "Job {JobId}: its worker has failed.")]
    private partial void LogFailed(Exception fault, string jobId);
}
