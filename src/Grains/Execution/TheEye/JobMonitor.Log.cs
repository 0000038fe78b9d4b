using Microsoft.Extensions.Logging;

namespace SyncCluster.Execution.TheEye;

internal sealed partial class JobMonitor
{
    [LoggerMessage(2310, LogLevel.Debug, "Job {JobId} of {Customer} is monitored.")]
    private partial void LogMonitored(string jobId, string customer);

    [LoggerMessage(2311, LogLevel.Error, "Job {JobId}: monitoring it has failed. It goes on when a caller asks for the job.")]
    private partial void LogFailed(Exception fault, string jobId);
}
