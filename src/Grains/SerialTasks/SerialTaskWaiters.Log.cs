using Microsoft.Extensions.Logging;

namespace SyncCluster.SerialTasks;

internal sealed partial class SerialTaskWaiters
{
    [LoggerMessage(1320, LogLevel.Information, "The queue of task {TaskKey} did not answer. It will be asked again.")]
    private partial void LogNoReply(Exception fault, string taskKey);
}
