using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Clusters;

/// <summary>As <see cref="ScriptCluster"/>, over a Redis Cluster of three masters, of which the servers are told one.</summary>
public sealed class ShardedCluster : ScriptCluster
{
    private readonly RedisServer[] _masters;

    public ShardedCluster()
        : base(RedisCluster.NewSettings()) =>
        _masters = [Redis, NewMaster(2), NewMaster(3)];

    /// <inheritdoc/>
    internal override IReadOnlyList<RedisServer> RedisServers => _masters;

    /// <summary>The master that has a key.</summary>
    internal async Task<RedisServer> MasterOfAsync(string key)
    {
        foreach (var master in _masters)
        {
            if ((await master.FindKeysAsync(key)).Length > 0)
            {
                return master;
            }
        }

        throw new InvalidOperationException($"No master has the key {key}.");
    }

    private protected override async Task StartRedisAsync()
    {
        await base.StartRedisAsync();
        await RedisCluster.CreateAsync(_masters);
    }

    private RedisServer NewMaster(int number) => AddRedis($"Redis {number}", RedisPersistence.EveryWrite, RedisCluster.NewSettings());
}

/// <summary>One Redis Cluster for all its scenarios.</summary>
[CollectionDefinition(Name)]
public sealed class SharedRedisCluster : ICollectionFixture<ShardedCluster>
{
    public const string Name = "Redis Cluster";
}
