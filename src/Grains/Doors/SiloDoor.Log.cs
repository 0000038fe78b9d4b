using Microsoft.Extensions.Logging;

namespace SyncCluster.Doors;

internal sealed partial class SiloDoor
{
    [LoggerMessage(1481, LogLevel.Information, "The door of silo {Silo} has not taken calls: they go to the grains of their jobs until it answers.")]
    private partial void LogClosed(Exception fault, SiloAddress silo);

    [LoggerMessage(1482, LogLevel.Debug, "The silo at {Gateway} has no door, or did not answer.")]
    private partial void LogUnanswered(Exception fault, SiloAddress gateway);
}
