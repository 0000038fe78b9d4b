using System.Net;

namespace SyncCluster.Gateway.Limits;

internal sealed partial class FailedAuthentications
{
    [LoggerMessage(4400, LogLevel.Warning, "A request from {Address} had an unknown token or a wrong secret. {Unlogged} more have come since the last such line.")]
    private partial void LogFailure(IPAddress address, long unlogged);
}
