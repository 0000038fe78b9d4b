using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.TestingHost;
using SyncCluster.Hosting;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>
/// Three silos of <c>Microsoft.Orleans.TestingHost</c> behind the gateways, with the product's own clustering, storage and registration.
/// <c>TestClusterBuilder</c> and not its in-process sibling, since gateways are clients of their own, which join over TCP.
/// </summary>
public class TestingHostCluster : GatewayCluster
{
    private const short SiloCount = 3;

    private TestCluster? _cluster;

    internal IReadOnlyList<InProcessSiloHandle> Silos => [.. Cluster.Silos.Cast<InProcessSiloHandle>()];

    private TestCluster Cluster => _cluster ?? throw new InvalidOperationException("The cluster is not started.");

    internal Task StartSiloAsync() => Cluster.StartAdditionalSiloAsync(startAdditionalSiloOnNewPort: true);

    /// <summary>Stops a silo as SIGTERM does.</summary>
    internal Task StopSiloAsync(InProcessSiloHandle silo) => Cluster.StopSiloAsync(silo);

    /// <summary>Stops a silo without letting it finish anything.</summary>
    internal Task KillSiloAsync(InProcessSiloHandle silo) => Cluster.KillSiloAsync(silo);

    /// <summary>Replaces services of the silos.</summary>
    protected virtual void Replace(IServiceCollection services)
    {
    }

    protected override Task StartSilosAsync()
    {
        var builder = new TestClusterBuilder(SiloCount)
        {
            Options = { UseTestClusterMembership = false, InitializeClientOnDeploy = false, ConfigureFileLogging = false },
            CreateSiloAsync = CreateSiloAsync,
        };

        // The product's own grain directory, and not the one that TestingHost has by default.
        builder.Options.SiloBuilderConfiguratorTypes.Clear();
        foreach (var (key, value) in ClusterSettings.Concat(SiloSettings))
        {
            builder.Properties[key] = value;
        }

        _cluster = builder.Build();
        return Cluster.DeployAsync();
    }

    protected override async Task StopSilosAsync()
    {
        await Cluster.StopAllSilosAsync();
        await Cluster.DisposeAsync();
    }

    private async Task<SiloHandle> CreateSiloAsync(string name, IConfiguration configuration) =>
        await InProcessSiloHandle.CreateAsync(name, configuration, host => host.UseOrleans((_, silo) =>
        {
            silo.UseCluster(RedisClusterOptions.Of(silo.Configuration));
            silo.AddSyncCluster(ExecutionMode.Local);
            Replace(silo.Services);
        }));
}

/// <summary>One cluster for the suites that leave three silos behind.</summary>
[CollectionDefinition(Name)]
public sealed class TestingHostCollection : ICollectionFixture<TestingHostCluster>
{
    public const string Name = "cluster";
}
