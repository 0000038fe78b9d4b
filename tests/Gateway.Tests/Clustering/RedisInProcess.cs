using Garnet;
using SyncCluster.Harness;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>A server in this process that speaks Redis, so that these tests need none installed.</summary>
internal sealed class RedisInProcess : IDisposable
{
    private readonly GarnetServer _server;

    /// <param name="port">Where it listens; 0: at a free port.</param>
    /// <param name="password">What its clients must show; null: nothing.</param>
    public RedisInProcess(int port = 0, string? password = null)
    {
        port = port == 0 ? FreePort.Next() : port;
        string[] secret = password is null ? [] : ["--auth", "Password", "--password", password];
        _server = new GarnetServer(["--bind", "127.0.0.1", "--port", $"{port}", "--lua", "true", "--memory", "64m", .. secret]);
        _server.Start();
        Address = $"127.0.0.1:{port}";
    }

    public string Address { get; }

    public void Dispose() => _server.Dispose();
}
