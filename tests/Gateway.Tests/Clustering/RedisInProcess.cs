using System.Net;
using System.Net.Sockets;
using Garnet;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>A server in this process that speaks Redis, so that these tests need none installed.</summary>
internal sealed class RedisInProcess : IDisposable
{
    private readonly GarnetServer _server;

    public RedisInProcess()
    {
        var port = FreePort();
        _server = new GarnetServer(["--bind", "127.0.0.1", "--port", $"{port}", "--lua", "true", "--memory", "64m"]);
        _server.Start();
        Address = $"127.0.0.1:{port}";
    }

    public string Address { get; }

    public void Dispose() => _server.Dispose();

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
