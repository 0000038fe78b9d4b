using System.Net;
using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>What a Redis server says about its memory.</summary>
/// <param name="EndPoint">The server.</param>
/// <param name="Values">The fields of <c>INFO memory</c>.</param>
internal sealed record RedisMemory(EndPoint EndPoint, IReadOnlyList<KeyValuePair<string, string>> Values)
{
    /// <summary>That it may evict what it holds, without a full stop; null if it may not.</summary>
    public string? Eviction =>
        Values.FirstOrDefault(entry => entry.Key == "maxmemory_policy").Value is { } policy and not "noeviction"
            ? $"The Redis at {RedisRefusal.NameOf(EndPoint)} may evict what it holds (maxmemory-policy {policy})"
            : null;

    /// <summary>Asks a server.</summary>
    public static async Task<RedisMemory> ReadAsync(IServer server) =>
        new(server.EndPoint, [.. (await server.InfoAsync("memory")).SelectMany(section => section)]);
}
