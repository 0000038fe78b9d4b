using Microsoft.Extensions.Logging;

namespace SyncCluster.Doors;

internal sealed partial class JobDoors
{
    [LoggerMessage(1483, LogLevel.Debug, "The door of silo {Silo} is open.")]
    private partial void LogOpened(SiloAddress silo);
}
