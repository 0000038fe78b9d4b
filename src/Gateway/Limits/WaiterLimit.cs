using Microsoft.Extensions.Options;
using SyncCluster.Hosting.Connections;

namespace SyncCluster.Gateway.Limits;

/// <summary>
/// Lowers <see cref="GatewayLimitsOptions.Waiters"/> to what the connections allow. With HTTP/1.1 a waiting request holds a connection; some are kept for
/// those who do not wait, so that a request too many is answered 503 and health checks get through, instead of a closed connection.
/// </summary>
internal sealed partial class WaiterLimit(OpenConnections connections, ILogger<WaiterLimit> logger) : IPostConfigureOptions<GatewayLimitsOptions>
{
    /// <summary>Connections for those who do not wait.</summary>
    private const int Room = 256;

    private int _isLogged;

    /// <inheritdoc/>
    public void PostConfigure(string? name, GatewayLimitsOptions options)
    {
        var most = connections.Limit - Math.Min(Room, connections.Limit / 16);
        if (options.Waiters <= most)
        {
            return;
        }

        if (Interlocked.Exchange(ref _isLogged, 1) == 0)
        {
            LogLowered(options.Waiters, most, connections.Limit);
        }

        options.Waiters = most;
    }
}
