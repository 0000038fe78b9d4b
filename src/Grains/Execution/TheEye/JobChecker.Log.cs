using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.TheEye;

internal sealed partial class JobChecker
{
    [LoggerMessage(2320, LogLevel.Debug, "Job {JobId} has ended at TheEye: {Lifecycle}, {State}.")]
    private partial void LogEnded(string jobId, Lifecycle lifecycle, JobState state);

    [LoggerMessage(2321, LogLevel.Debug, "Job {JobId} was not released by attempt {Attempt}: its grain is asked to take it over.")]
    private partial void LogNotReleased(string jobId, Guid attempt);

    [LoggerMessage(2322, LogLevel.Warning, "Job {JobId} can't be read with any token that is known. TheEye answers {Status}.")]
    private partial void LogNotRead(string jobId, int status);

    [LoggerMessage(2323, LogLevel.Warning, "Job {JobId}: a call to its grain has failed and is repeated.")]
    private partial void LogCallFailed(Exception fault, string jobId);
}
