using Microsoft.Extensions.Logging;

namespace SyncCluster.Quotas;

internal sealed partial class SiloInventoryClient
{
    [LoggerMessage(1220, LogLevel.Information, "Silo {Silo} did not answer which jobs it has.")]
    private partial void LogNoAnswer(Exception fault, SiloAddress silo);
}
