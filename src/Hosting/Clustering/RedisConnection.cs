using System.Net;
using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>The one connection of the process to the cluster's Redis.</summary>
internal sealed class RedisConnection : IAsyncDisposable
{
    private readonly Lazy<Task<IConnectionMultiplexer>> _multiplexer;

    /// <param name="settings">The cluster.</param>
    /// <exception cref="ArgumentException">The connection string is not valid.</exception>
    public RedisConnection(RedisClusterOptions settings)
    {
        Options = settings.ReadRedis() ?? throw new ArgumentException("Cluster:Redis is not a connection string.", nameof(settings));
        _multiplexer = new(async () => await ConnectionMultiplexer.ConnectAsync(Options));
    }

    /// <summary>The connection string as options. They contain the password.</summary>
    public ConfigurationOptions Options { get; }

    /// <summary>Returns the connection. It reconnects by itself, and so stays the same after a loss.</summary>
    public Task<IConnectionMultiplexer> GetAsync() => _multiplexer.Value;

    /// <summary>Reads <c>INFO memory</c> of each primary that is connected.</summary>
    public async Task<IReadOnlyList<RedisMemory>> ReadMemoryAsync()
    {
        var primaries = (await GetAsync()).GetServers().Where(server => server.IsConnected && !server.IsReplica);
        return await Task.WhenAll(primaries.Select(async server =>
            new RedisMemory(server.EndPoint, [.. (await server.InfoAsync("memory")).SelectMany(section => section)])));
    }

    /// <summary>Reads the clock of a primary: always the same one while it is connected. Null: none is.</summary>
    public async Task<DateTimeOffset?> ReadTimeAsync() =>
        (await GetAsync()).GetServers()
            .Where(server => server.IsConnected && !server.IsReplica)
            .MinBy(server => server.EndPoint.ToString(), StringComparer.Ordinal) is { } primary
            ? new DateTimeOffset(await primary.TimeAsync(), TimeSpan.Zero)
            : null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_multiplexer.IsValueCreated)
        {
            await (await GetAsync()).DisposeAsync();
        }
    }
}

/// <summary>What a Redis server says about its memory.</summary>
/// <param name="EndPoint">The server.</param>
/// <param name="Values">The fields of <c>INFO memory</c>.</param>
internal sealed record RedisMemory(EndPoint EndPoint, IReadOnlyList<KeyValuePair<string, string>> Values)
{
    /// <summary>Its <c>maxmemory-policy</c>, if it may evict what it holds; else null.</summary>
    public string? EvictionPolicy =>
        Values.FirstOrDefault(entry => entry.Key == "maxmemory_policy").Value is { } policy and not "noeviction" ? policy : null;
}
