using System.Globalization;
using System.Net;
using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>The servers that take the cluster's writes: one, or in a Redis Cluster all that have slots.</summary>
internal sealed class RedisPrimaries
{
    private const int AllSlots = 16384;

    private readonly ClusterConfiguration? _cluster;
    private readonly EndPoint[] _unknown = [];
    private readonly int _missingSlots;

    /// <param name="servers">The primaries of a Redis that is not a Redis Cluster.</param>
    public RedisPrimaries(IReadOnlyList<IServer> servers) => Servers = servers;

    /// <param name="servers">The servers that the library knows.</param>
    /// <param name="cluster">What a member of the Redis Cluster says.</param>
    public RedisPrimaries(IReadOnlyList<IServer> servers, ClusterConfiguration cluster)
    {
        var nodes = cluster.Nodes.Where(node => !node.IsReplica && !node.IsHandshake && node.Slots.Count > 0).ToDictionary(node => node.EndPoint!);
        Servers = [.. servers.Where(server => nodes.ContainsKey(server.EndPoint))];
        _cluster = cluster;
        _unknown = [.. nodes.Keys.Except(Servers.Select(server => server.EndPoint))];
        _missingSlots = AllSlots - nodes.Values.Sum(node => node.Slots.Sum(range => range.To - range.From + 1));
    }

    /// <summary>The primaries that the library knows, those that are not connected included.</summary>
    public IReadOnlyList<IServer> Servers { get; }

    /// <summary>Whether it is a Redis Cluster.</summary>
    public bool AreOfRedisCluster => _cluster is not null;

    /// <summary>Whether the library does not know a primary, which was added since it was told.</summary>
    public bool HasUnknown => _unknown.Length > 0;

    /// <summary>The primaries that are not connected.</summary>
    public IReadOnlyList<EndPoint> Lost => [.. Servers.Where(server => !server.IsConnected).Select(server => server.EndPoint), .. _unknown];

    /// <summary>What keeps some of the cluster's keys from being read and written, in a sentence; null if nothing does.</summary>
    public string? Missing =>
        Lost is { Count: > 0 } lost ? $"The Redis at {string.Join(", ", lost.Select(RedisRefusal.NameOf))} is not connected."
        : Servers.Count == 0 ? "No primary of Redis is connected."
        : _missingSlots > 0 ? $"{_missingSlots} of the {AllSlots} slots of the Redis Cluster have no primary."
        : null;

    /// <summary>A new key on each primary.</summary>
    /// <param name="prefix">What the keys begin with.</param>
    public IEnumerable<RedisKey> NewKeys(string prefix)
    {
        var without = Servers.Select(server => server.EndPoint).ToHashSet();
        while (without.Count > 0)
        {
            RedisKey key = prefix + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
            if (without.Remove(_cluster?.GetBySlot(key)?.EndPoint ?? without.First()))
            {
                yield return key;
            }
        }
    }
}
