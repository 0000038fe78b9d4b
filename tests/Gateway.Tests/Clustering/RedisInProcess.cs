using Garnet;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>A server in this process that speaks Redis, so that these tests need none installed.</summary>
internal sealed class RedisInProcess : IDisposable
{
    private readonly GarnetServer _server;

    public RedisInProcess()
    {
        var port = FreePort.Or(0);
        _server = new GarnetServer(["--bind", "127.0.0.1", "--port", $"{port}", "--lua", "true", "--memory", "64m"]);
        _server.Start();
        Address = $"127.0.0.1:{port}";
    }

    public string Address { get; }

    public void Dispose() => _server.Dispose();
}
