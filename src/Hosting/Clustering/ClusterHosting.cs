using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Storage;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Clustering;

/// <summary>Makes a process a member or a client of the cluster.</summary>
public static partial class ClusterHosting
{
    private const string ServiceId = "synccluster";

    /// <summary>One that joins the cluster and holds its grains.</summary>
    internal static void UseCluster(this ISiloBuilder silo, RedisClusterOptions settings)
    {
        silo.Services.AddRedis(settings);
        silo.Services.AddHostedService<RedisCapacityMonitor>();
        silo.Configure<ClusterOptions>(options => Name(options, settings));
        silo.Configure<ClusterMembershipOptions>(Tune);
        silo.UseRedisClustering(_ => { });

        // Room for all of it is taken at the start, 18 MiB for the standard's million, and a job's place in it is soon of no use to anybody.
        silo.Configure<GrainDirectoryOptions>(options => options.CacheSize = 100_000);
        silo.AddStorage(StorageNames.Jobs, options => options.JobExpiry);
        silo.AddStorage(StorageNames.Catalog, _ => null);

        var address = settings.ResolveAddress();
        silo.ConfigureEndpoints(
            address, FreePort.Or(settings.SiloPort), FreePort.Or(settings.GatewayPort), listenOnAnyHostAddress: !IPAddress.IsLoopback(address));
    }

    /// <summary>One that talks to the cluster's grains and is talked to by them.</summary>
    public static void UseCluster(this IClientBuilder client, RedisClusterOptions settings)
    {
        client.Services.AddRedis(settings);
        client.Configure<ClusterOptions>(options => Name(options, settings));
        client.UseRedisClustering(_ => { });

        // A silo that came or left is known here as soon.
        client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(2));
        client.UseConnectionRetryFilter<KeepConnecting>();
    }

    /// <summary>
    /// A dead silo is out of the membership within 5 s, a frozen one within 6: three probes missed, one a second, which two others must have seen.
    /// Each number is a trade between the time a waiter's job is unreachable and the risk that a silo which only stuttered is declared dead.
    /// </summary>
    private static void Tune(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = TimeSpan.FromSeconds(1);

        // Times the misses, it is also how long a frozen silo, whose connections stay open, passes for alive after its last message.
        options.MaxProbeTimeout = TimeSpan.FromSeconds(1.5);
        options.NumMissedProbesLimit = 3;
        options.NumVotesForDeathDeclaration = 2;

        // For whoever has missed the gossip of a change.
        options.TableRefreshTimeout = TimeSpan.FromSeconds(10);

        // Silos that were killed a moment ago are counted as voters until they are stale: three of these.
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(3);
        options.NumMissedTableIAmAliveLimit = 3;
    }

    private static void Name(ClusterOptions options, RedisClusterOptions settings)
    {
        options.ServiceId = ServiceId;
        options.ClusterId = settings.Name;
    }

    private static void AddRedis(this IServiceCollection services, RedisClusterOptions settings)
    {
        services.AddSingleton(provider => new RedisConnection(
            settings, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<RedisConnection>>()));
        services.AddHostedService(provider => provider.GetRequiredService<RedisConnection>());
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
                options.GrainStorageSerializer = new StorageSerializer(serializer);
                options.DeleteStateOnClear = true;
                options.EntryExpiry = expiry(storage.Value);
            }));

    /// <summary>Writes as Orleans' own serializer for storage does, but into buffers that are used again: that one's grew from 256 bytes up, for each record.</summary>
    private sealed class StorageSerializer(Serializer serializer) : IGrainStorageSerializer
    {
        public BinaryData Serialize<T>(T? input) => new(serializer.SerializeToArray(input));

        public T? Deserialize<T>(BinaryData input) => serializer.Deserialize<T>(input.ToMemory());
    }

    /// <summary>A gateway that starts before the first silo waits for it.</summary>
    private sealed partial class KeepConnecting(TimeProvider timeProvider, ILogger<KeepConnecting> logger) : IClientConnectionRetryFilter
    {
        public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
        {
            LogWaiting(exception.Message);
            await Task.Delay(TimeSpan.FromSeconds(1), timeProvider, cancellationToken);
            return true;
        }

        [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for the cluster's first silo: {Fault}")]
        private partial void LogWaiting(string fault);
    }
}
