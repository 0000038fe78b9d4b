using Microsoft.AspNetCore.Builder;
using SyncCluster.Gateway.Tests.Clustering;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>The server of <see cref="TestServer"/> as a gateway of a cluster: its jobs are run by a silo and stored in a Redis.</summary>
public class ClusterTestServer : TestServer
{
    private RedisInProcess? _redis;
    private WebApplication? _silo;

    /// <summary>The address of the cluster's Redis.</summary>
    public string Redis => _redis!.Address;

    protected override IServiceProvider Silo => _silo!.Services;

    internal string Name => Path.GetFileName(Folder);

    protected override string[] Settings => [$"--Cluster:Redis={Redis}", $"--Cluster:Name={Name}"];

    public override async Task InitializeAsync()
    {
        _redis = new();
        _silo = SyncCluster.Silo.Program.Build(
        [
            .. Settings,
            "--urls=http://127.0.0.1:0",
            "--Logging:LogLevel:Default=Error",
            "--Cluster:SiloPort=0",
            "--Cluster:GatewayPort=0",
            "--LocalExecutor:DrainTime=00:00:00.100",
            "--LocalExecutor:KillGrace=00:00:00.100",
        ]);
        await _silo.StartAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _silo!.StopAsync();
        await _silo.DisposeAsync();
        _redis!.Dispose();
    }
}

/// <summary>One gateway of a cluster for all tests that do not change how it is set up.</summary>
[CollectionDefinition(Name)]
public sealed class SharedClusterServer : ICollectionFixture<ClusterTestServer>
{
    public const string Name = "server of a cluster";
}
