using Microsoft.Extensions.Logging;

namespace SyncCluster.Quotas;

internal sealed partial class JobAdmission
{
    [LoggerMessage(1200, LogLevel.Warning, "Job {JobId} is refused: its quota grain did not answer.")]
    private partial void LogQuotaUnknown(Exception fault, string jobId);
}
