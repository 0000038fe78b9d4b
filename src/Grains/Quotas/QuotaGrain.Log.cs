using Microsoft.Extensions.Logging;

namespace SyncCluster.Quotas;

internal sealed partial class QuotaGrain
{
    [LoggerMessage(1210, LogLevel.Information, "Job {JobId} stays counted: its grain did not answer whether it has ended.")]
    private partial void LogJobUnknown(Exception fault, string jobId);
}
