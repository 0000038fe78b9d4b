using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.TheEye;

internal sealed partial class CompletionReporter
{
    [LoggerMessage(2330, LogLevel.Debug, "Job {JobId}: the report of its end was answered {Completion}.")]
    private partial void LogReported(string jobId, Completion completion);

    [LoggerMessage(2331, LogLevel.Warning, "Job {JobId}: a call to its grain has failed and is repeated.")]
    private partial void LogCallFailed(Exception fault, string jobId);
}
