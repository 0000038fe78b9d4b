using Microsoft.Extensions.Logging;

namespace SyncCluster.Doors;

internal sealed partial class ClientConnections
{
    [LoggerMessage(
        1484,
        LogLevel.Warning,
        "This version of Orleans does not say which silos its client reaches directly: calls go to the grains of jobs, one in a message.")]
    private partial void LogNotKnown();
}
