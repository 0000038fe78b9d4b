using StackExchange.Redis;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Whether Redis is connected. In a Redis Cluster any master will do: the library asks another one for the keys of a master that is lost, and so these
/// are sent.
/// </summary>
internal sealed class RedisStorageConnection(RedisConnection redis) : IStorageConnection
{
    /// <inheritdoc/>
    public bool IsConnected =>
        redis.GetAsync() is { IsCompletedSuccessfully: true, Result: var connected }
        && connected.GetDatabase().IsConnected(default, CommandFlags.DemandMaster);
}
