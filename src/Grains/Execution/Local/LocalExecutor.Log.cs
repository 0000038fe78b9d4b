using Microsoft.Extensions.Logging;

namespace SyncCluster.Execution.Local;

internal sealed partial class LocalExecutor
{
    [LoggerMessage(2201, LogLevel.Debug, "Job {JobId} of {Customer} waits until it is the first of its task {TaskId}: attempt {Attempt}.")]
    private partial void LogWaitsForTask(string jobId, string customer, string taskId, Guid attempt);

    [LoggerMessage(2204, LogLevel.Debug, "Job {JobId} of {Customer} comes from a silo whose queue is full: attempt {Attempt}.")]
    private partial void LogFromElsewhere(string jobId, string customer, Guid attempt);

    [LoggerMessage(2203, LogLevel.Information, "The silo drains: it starts no more scripts, and kills those that still run after {DrainTime}.")]
    private partial void LogDrains(TimeSpan drainTime);
}
