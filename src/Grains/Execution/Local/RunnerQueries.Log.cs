using Microsoft.Extensions.Logging;

namespace SyncCluster.Execution.Local;

internal sealed partial class RunnerQueries
{
    [LoggerMessage(2240, LogLevel.Information, "Job {JobId}: its runner on {Silo} has not answered.")]
    private partial void LogNoAnswer(Exception fault, string jobId, SiloAddress silo);
}
