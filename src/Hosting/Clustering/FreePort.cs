using System.Net;
using System.Net.Sockets;

namespace SyncCluster.Hosting.Clustering;

/// <summary>Orleans takes 0 for "none", not for "any".</summary>
internal static class FreePort
{
    /// <summary>The port, or for 0 one that is free at the moment.</summary>
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
