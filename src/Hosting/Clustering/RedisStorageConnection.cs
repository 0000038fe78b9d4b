using StackExchange.Redis;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Whether Redis is connected. In a Redis Cluster any master will do: the library asks another one for the keys of a master that is lost, and so these
/// are sent.
/// </summary>
internal sealed class RedisStorageConnection(RedisConnection redis, RedisClusterOptions settings) : IStorageConnection
{
    /// <inheritdoc/>
    public bool IsConnected(GrainId grain, string stateName) =>
        redis.GetAsync() is { IsCompletedSuccessfully: true, Result: var connected }
        && connected.GetDatabase().IsConnected(RedisKeys.State(settings.Name, grain, stateName), CommandFlags.DemandMaster);
}
