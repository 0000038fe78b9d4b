using Microsoft.Extensions.Logging;

namespace SyncCluster.SerialTasks;

internal sealed partial class TaskQueueStore
{
    [LoggerMessage(1310, LogLevel.Warning, "Reading the queue of {GrainId} failed.")]
    private partial void LogReadFailed(Exception fault, GrainId grainId);

    [LoggerMessage(1311, LogLevel.Warning, "Writing the queue of {GrainId} failed. It will be read again.")]
    private partial void LogWriteFailed(Exception fault, GrainId grainId);
}
