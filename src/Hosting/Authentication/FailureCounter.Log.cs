using System.Net;

namespace SyncCluster.Hosting.Authentication;

internal sealed partial class FailureCounter
{
    [LoggerMessage(3170, LogLevel.Warning, "A request from {Address} had an unknown token or a wrong secret. {Unlogged} more have come since the last such line.")]
    private partial void LogFailure(IPAddress address, long unlogged);
}
