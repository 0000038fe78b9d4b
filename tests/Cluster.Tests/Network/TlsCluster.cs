using System.Security.Cryptography.X509Certificates;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Cluster.Tests.Redis;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Network;

/// <summary>Two silos and a gateway, each with a certificate of one authority, and certificates of another authority.</summary>
public sealed class TlsCluster : IAsyncLifetime
{
    private readonly DemoCluster _cluster = new();
    private readonly TestAuthority _authority;
    private readonly TestAuthority _other;

    public TlsCluster()
    {
        (_authority, _other) = (new(_cluster.Folder, "ours"), new(_cluster.Folder, "other"));
        (Foreign, ForeignSettings) = (_other.Sign("foreign").Certificate, Settings(_other, "foreign"));
    }

    /// <summary>Of the first silo.</summary>
    internal int SiloPort { get; } = FreePort.Next();

    /// <inheritdoc cref="SiloPort"/>
    internal int GatewayPort { get; } = FreePort.Next();

    internal Server Gateway { get; private set; } = null!;

    /// <summary>A certificate of the other authority.</summary>
    internal X509Certificate2 Foreign { get; }

    /// <summary>The settings of a server that has it.</summary>
    internal string[] ForeignSettings { get; }

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.SkipReason is not null)
        {
            return;
        }

        try
        {
            await _cluster.Redis.StartAsync();
            Server[] silos =
            [
                _cluster.NewSilo(
                    "silo 1", [$"--Cluster:SiloPort={SiloPort}", $"--Cluster:GatewayPort={GatewayPort}", .. Settings(_authority, "silo-1")]),
                _cluster.NewSilo("silo 2", Settings(_authority, "silo-2")),
            ];
            await Task.WhenAll(silos.Select(silo => silo.StartAsync()));
            Gateway = _cluster.NewGateway("gateway", Settings(_authority, "gateway"));
            await Gateway.StartAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Foreign.Dispose();
        _authority.Dispose();
        _other.Dispose();
    }

    /// <summary>Starts a server that is not to become a part of the cluster.</summary>
    internal ServerProcess Start(IReadOnlyList<string> program, params string[] settings) => _cluster.Start(
        "stranger",
        [
            .. program, ServerPrograms.AnyPort, $"--Cluster:Redis={_cluster.Redis.Endpoint}",
            "--Cluster:SiloPort=0", "--Cluster:GatewayPort=0", .. settings,
        ]);

    private static string[] Settings(TestAuthority authority, string name) =>
        [$"--Cluster:Tls:Certificate={authority.Sign(name).File}", $"--Cluster:Tls:Authority={authority.File}"];
}
