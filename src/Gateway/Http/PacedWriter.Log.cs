using System.Net;

namespace SyncCluster.Gateway.Http;

internal sealed partial class PacedWriter
{
    [LoggerMessage(4420, LogLevel.Information, "A client at {Address} was disconnected: it has read nothing of its answer for {Time}.")]
    private partial void LogSlowReader(IPAddress? address, TimeSpan time);
}
