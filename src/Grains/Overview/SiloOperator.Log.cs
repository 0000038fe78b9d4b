using Microsoft.Extensions.Logging;

namespace SyncCluster.Overview;

internal sealed partial class SiloOperator
{
    [LoggerMessage(4530, LogLevel.Debug, "The silo {Silo} has not answered an operator's question.")]
    private partial void LogNoAnswer(Exception fault, SiloAddress silo);
}
