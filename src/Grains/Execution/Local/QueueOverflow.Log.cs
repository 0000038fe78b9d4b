using Microsoft.Extensions.Logging;

namespace SyncCluster.Execution.Local;

internal sealed partial class QueueOverflow
{
    [LoggerMessage(2250, LogLevel.Information, "Job {JobId}: {Silo}, which was asked for a place in its queue, has not answered.")]
    private partial void LogNoAnswer(Exception fault, string jobId, SiloAddress silo);
}
