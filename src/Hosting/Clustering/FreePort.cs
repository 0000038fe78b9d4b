using System.Net;
using System.Net.Sockets;

namespace SyncCluster.Hosting.Clustering;

/// <summary>Chooses a port where the configuration says 0. Orleans itself reads 0 as "no port", not as "any free port".</summary>
internal static class FreePort
{
    /// <summary>Returns the port, or for 0 a port that is free at the moment.</summary>
    public static int Or(int port)
    {
        if (port != 0)
        {
            return port;
        }

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
