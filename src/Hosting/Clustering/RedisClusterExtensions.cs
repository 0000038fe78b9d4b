using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using Orleans.Serialization;
using SyncCluster.Jobs.Listing;
using SyncCluster.Storage;
using SyncCluster.Telemetry;

namespace SyncCluster.Hosting.Clustering;

/// <summary>Makes a process a member or a client of the cluster.</summary>
public static class RedisClusterExtensions
{
    /// <summary>Adds a silo that joins the cluster and stores its grains in Redis.</summary>
    internal static void UseCluster(this ISiloBuilder silo, RedisClusterOptions settings)
    {
        silo.Services.AddRedis(settings);
        ClusterTransport.Use(silo.Services);
        silo.Services.AddMonitor<RedisCapacityMonitor>("eviction");
        silo.Services.AddMonitor<MembershipMonitor>("membership");
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<MembershipMonitor>());
        silo.Services.AddHealthChecks().AddCheck<ClockMonitor>("clock", tags: [Health.ReadyTag]);
        silo.Services.AddSingleton<RedisStoredBytes>();
        silo.Services.AddHostedService(services => services.GetRequiredService<RedisStoredBytes>());
        silo.Services.AddSingleton<JobPurge>();
        silo.Services.AddSingleton<IJobIndex, RedisJobIndex>();
        silo.Services.AddSingleton<IStorageConnection, RedisStorageConnection>();
        silo.Configure<ClusterOptions>(options => SetIds(options, settings));
        silo.Configure<ClusterMembershipOptions>(SetTimes);
        silo.UseRedisClustering(_ => { });

        // Orleans allocates the whole cache at start, 18 MiB for its default of a million grains. Jobs are not in it (JobDirectory).
        silo.Configure<GrainDirectoryOptions>(options => options.CacheSize = 100_000);
        silo.AddStorage(StorageNames.Jobs, options => options.JobExpiry);
        silo.AddStorage(StorageNames.Catalog, _ => null);

        if (settings.Tls.IsEnabled)
        {
            silo.Services.AddSingleton<ClusterTls>();
            silo.Services.AddOptions<SiloConnectionOptions>().Configure<ClusterTls>((connections, tls) =>
            {
                connections.ConfigureSiloInboundConnection(connection => connection.UseServerTls(tls.Options));
                connections.ConfigureGatewayInboundConnection(connection => connection.UseServerTls(tls.Options));
                connections.ConfigureSiloOutboundConnection(connection => connection.UseClientTls(tls.Options));
            });
        }

        silo.UseEndpoints(settings.ResolveAddress(), settings);
    }

    private static void UseEndpoints(this ISiloBuilder silo, IPAddress address, RedisClusterOptions settings)
    {
        // Orleans' own setting for all addresses has those of IPv4 alone.
        var all = address.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
        var listening = settings.IsNetwork || IPAddress.IsLoopback(address) ? address : all;
        var ports = new ReservedPorts();
        var (siloPort, gatewayPort) = (ports.Choose(listening, settings.SiloPort), ports.Choose(listening, settings.GatewayPort));

        // By a factory, so that the container disposes it.
        silo.Services.AddSingleton(_ => ports);
        silo.ConfigureEndpoints(address, siloPort, gatewayPort);
        silo.Configure<EndpointOptions>(endpoints =>
        {
            endpoints.SiloListeningEndpoint = new IPEndPoint(listening, siloPort);
            endpoints.GatewayListeningEndpoint = new IPEndPoint(listening, gatewayPort);
        });
    }

    /// <summary>Adds a client that calls the cluster's grains and receives calls from them.</summary>
    public static void UseCluster(this IClientBuilder client, RedisClusterOptions settings)
    {
        client.Services.AddRedis(settings);
        ClusterTransport.Use(client.Services);
        client.Services.AddMonitor<SiloProbe>("silo");
        client.Configure<ClusterOptions>(options => SetIds(options, settings));
        client.UseRedisClustering(_ => { });

        // How soon the client learns that a silo joined or left.
        client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(2));
        client.UseConnectionRetryFilter<ClusterConnectionRetryFilter>();
        if (settings.Tls.IsEnabled)
        {
            client.Services.AddSingleton<ClusterTls>();
            client.Services.AddOptions<ClientConnectionOptions>().Configure<ClusterTls>((connections, tls) =>
                connections.ConfigureConnection(connection => connection.UseClientTls(tls.Options)));
        }
    }

    private static void SetIds(ClusterOptions options, RedisClusterOptions settings)
    {
        // Orleans begins its keys with the ServiceId: RedisKeys.
        options.ServiceId = settings.Name;
        options.ClusterId = settings.Name;
    }

    /// <summary>
    /// A dead silo is removed from the membership within 5 s, a frozen one within 6 s: it must miss three probes, one a second, of two other silos.
    /// Shorter times make the jobs of a dead silo reachable sooner, and raise the risk that a slow silo is declared dead.
    /// </summary>
    private static void SetTimes(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = TimeSpan.FromSeconds(1);

        // Multiplied by the missed probes, also the time that a frozen silo with open connections counts as alive after its last message.
        options.MaxProbeTimeout = TimeSpan.FromSeconds(1.5);
        options.NumMissedProbesLimit = 3;
        options.NumVotesForDeathDeclaration = 2;

        // Silos that missed the gossip of a change read it from the table.
        options.TableRefreshTimeout = TimeSpan.FromSeconds(10);

        // A silo that was killed counts as a voter until its entry is stale: after three of these periods.
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(3);
        options.NumMissedTableIAmAliveLimit = 3;
    }

    private static void AddRedis(this IServiceCollection services, RedisClusterOptions settings)
    {
        services.AddSingleton(settings);
        services.AddSingleton<RedisConnection>();
        services.AddHostedService<RedisStartupCheck>();
        services.AddHostedService<RedisConnectionMonitor>();
        services.AddServerMetrics();
        services.AddSingleton(new ClusterClock(TimeProvider.System));
        services.AddSingleton<TimeProvider>(provider => provider.GetRequiredService<ClusterClock>());
        services.AddSingleton<ClockMonitor>();
        services.AddHostedService(provider => provider.GetRequiredService<ClockMonitor>());
        services.AddOptions<RedisClusteringOptions>().Configure<RedisConnection>((options, redis) =>
        {
            options.ConfigurationOptions = redis.Options;
            options.CreateMultiplexer = async _ => (await redis.GetAsync(), true);
        });
    }

    private static void AddStorage(this ISiloBuilder silo, string name, Func<StorageOptions, TimeSpan?> expiry) =>
        silo.AddRedisGrainStorage(name, builder => builder.Configure<RedisConnection, Serializer, IOptions<StorageOptions>>(
            (options, redis, serializer, storage) =>
            {
                options.ConfigurationOptions = redis.Options;
                options.CreateMultiplexer = async _ => (await redis.GetAsync(), true);
                options.GrainStorageSerializer = new RedisStorageSerializer(serializer);
                options.DeleteStateOnClear = true;
                options.EntryExpiry = expiry(storage.Value);
            }));
}
