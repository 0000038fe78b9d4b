using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

internal sealed partial class JobRunner
{
    [LoggerMessage(2210, LogLevel.Debug, "Job {JobId} is not run here: its grain answered {Assignment} to attempt {Attempt}.")]
    private partial void LogNotAssigned(string jobId, Assignment assignment, Guid attempt);

    [LoggerMessage(2211, LogLevel.Debug, "Job {JobId}: the report of its end was answered {Completion}.")]
    private partial void LogReported(string jobId, Completion completion);

    [LoggerMessage(2212, LogLevel.Error, "Job {JobId}: its run has failed in the server.")]
    private partial void LogRunFailed(Exception fault, string jobId);

    [LoggerMessage(2213, LogLevel.Warning, "Job {JobId}: a call to a grain has failed and is repeated.")]
    private partial void LogCallFailed(Exception fault, string jobId);

    [LoggerMessage(2420, LogLevel.Error, "Job {JobId} has ended, but no silo and no storage takes its end: a later request for it will be told that its server is gone.")]
    private partial void LogEndNotStored(string jobId);
}
