using Microsoft.Extensions.Logging;

namespace SyncCluster.Execution.Local;

internal sealed partial class QueueHandover
{
    [LoggerMessage(2230, LogLevel.Debug, "Job {JobId} is handed over: its grain releases it again on another silo.")]
    private partial void LogHandedOver(string jobId);

    [LoggerMessage(2231, LogLevel.Warning, "Job {JobId} could not be handed over to another silo. It runs when a caller asks for it.")]
    private partial void LogNotHandedOver(string jobId);

    [LoggerMessage(2232, LogLevel.Warning, "Job {JobId}: a call to its grain has failed.")]
    private partial void LogCallFailed(Exception fault, string jobId);
}
