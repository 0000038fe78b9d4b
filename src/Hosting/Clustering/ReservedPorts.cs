using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// The ports that were chosen where the configuration says 0. Orleans itself reads 0 as "no port", and wants to know the port long before it listens
/// there: until then their sockets are kept, so that no other process, and no connection of one, gets the port.
/// </summary>
internal sealed class ReservedPorts : IDisposable
{
    private readonly ConcurrentDictionary<IPEndPoint, Socket> _sockets = [];

    /// <summary>Returns the port, or for 0 one that is free and is kept.</summary>
    /// <param name="address">Where the server will listen.</param>
    /// <param name="port">The configured port.</param>
    public int Choose(IPAddress address, int port)
    {
        if (port != 0)
        {
            return port;
        }

        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(new IPEndPoint(address, 0));
        var endpoint = (IPEndPoint)socket.LocalEndPoint!;
        _sockets[new(address, endpoint.Port)] = socket;
        return endpoint.Port;
    }

    /// <summary>Returns the bound socket of a port that was chosen, once; null for other ports.</summary>
    public Socket? Take(EndPoint endpoint) => endpoint is IPEndPoint ip && _sockets.TryRemove(ip, out var socket) ? socket : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var socket in _sockets.Values)
        {
            socket.Dispose();
        }
    }
}
