using Microsoft.Extensions.Logging;

namespace SyncCluster.Jobs;

internal sealed partial class JobEvents
{
    [LoggerMessage(
        EventId = 1070, Message = "Job {JobId} of task {TaskId} of {Customer} was submitted: attempt {Attempt} is stored and will be released.")]
    private partial void LogSubmitted(LogLevel level, string jobId, string taskId, string customer, Guid attempt);

    [LoggerMessage(EventId = 1071, Message = "Job {JobId} of task {TaskId} of {Customer} is assigned to run {Run} on {Silo}.")]
    private partial void LogAssigned(LogLevel level, string jobId, string taskId, string customer, Guid run, SiloAddress silo);

    [LoggerMessage(EventId = 1072, Message = "Job {JobId} of task {TaskId} of {Customer} has ended: {Lifecycle}, {State}.")]
    private partial void LogEnded(LogLevel level, string jobId, string taskId, string customer, Lifecycle lifecycle, JobState state);
}
