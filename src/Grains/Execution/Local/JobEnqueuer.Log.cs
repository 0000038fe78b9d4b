using Microsoft.Extensions.Logging;

namespace SyncCluster.Execution.Local;

internal sealed partial class JobEnqueuer
{
    [LoggerMessage(2200, LogLevel.Debug, "Job {JobId} of {Customer} is in the queue of this silo: attempt {Attempt}.")]
    private partial void LogQueued(string jobId, string customer, Guid attempt);

    [LoggerMessage(2202, LogLevel.Debug, "Job {JobId} was released after the queue of this silo was closed. Another silo takes it over.")]
    private partial void LogQueueClosed(string jobId);
}
