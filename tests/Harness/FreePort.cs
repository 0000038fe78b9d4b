using System.Net;
using System.Net.Sockets;

namespace SyncCluster.Harness;

/// <summary>
/// Chooses ports for servers that must be told one. They are outside of the range from which the system takes the ports of outgoing connections, and of
/// servers that ask for any: nothing gets one between the choice and the server's start, nor while the server is restarted.
/// </summary>
internal static class FreePort
{
    private const int First = 10_000;

    // The range of outgoing connections begins here: /proc/sys/net/ipv4/ip_local_port_range.
    private const int End = 32_768;

    /// <summary>Returns a port of the loopback address at which nothing listens.</summary>
    public static int Next()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, End);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException fault) when (fault.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
            }
        }
    }
}
