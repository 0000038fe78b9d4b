using Microsoft.Extensions.Logging;

namespace SyncCluster.Execution.TheEye;

internal sealed partial class JobReleaser
{
    [LoggerMessage(2300, LogLevel.Debug, "Job {JobId} is released at TheEye: attempt {Attempt}.")]
    private partial void LogReleased(string jobId, Guid attempt);

    [LoggerMessage(2301, LogLevel.Debug, "Job {JobId}: attempt {Attempt} ends without a confirmed release. TheEye is asked about the job.")]
    private partial void LogNotConfirmed(string jobId, Guid attempt);

    [LoggerMessage(2302, LogLevel.Warning, "Job {JobId} was not released: TheEye has refused it with status {Status}.")]
    private partial void LogRefused(string jobId, int status);

    [LoggerMessage(2303, LogLevel.Error, "Job {JobId}: its release has failed in the server.")]
    private partial void LogFailed(Exception fault, string jobId);
}
