using Microsoft.Extensions.Logging;

namespace SyncCluster.SerialTasks;

internal sealed partial class TaskQueueGrain
{
    [LoggerMessage(1300, LogLevel.Information, "Job {JobId} stays in its task's queue: its grain did not answer whether it has ended.")]
    private partial void LogJobUnknown(Exception fault, string jobId);
}
