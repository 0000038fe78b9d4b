using System.Net;
using System.Runtime.CompilerServices;
using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>The one connection of the process to the cluster's Redis.</summary>
internal sealed class RedisConnection : IAsyncDisposable
{
    private const int KeysAtOnce = 1000;

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

    /// <summary>The addresses, for messages.</summary>
    public string Endpoints => RedisRefusal.Endpoints(Options);

    /// <summary>Whether Redis, or the connection to it, has failed: another try may be answered.</summary>
    public static bool IsFailure(Exception fault) => fault is RedisException or RedisCommandException or TimeoutException or ObjectDisposedException;

    /// <summary>Returns the connection. It reconnects by itself, and so stays the same after a loss.</summary>
    public Task<IConnectionMultiplexer> GetAsync() => _multiplexer.Value;

    /// <summary>The primaries that are connected.</summary>
    public async Task<IEnumerable<IServer>> GetPrimariesAsync() =>
        (await GetAsync()).GetServers().Where(server => server.IsConnected && !server.IsReplica);

    /// <summary>Finds the keys that match a pattern. A key may be found twice.</summary>
    /// <exception cref="RedisException">No primary is connected: nothing is known of its keys.</exception>
    public async IAsyncEnumerable<RedisKey> FindKeysAsync(string pattern, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var primaries = (await GetPrimariesAsync()).ToArray();
        if (primaries.Length == 0)
        {
            throw new RedisException($"The Redis at {Endpoints} is not connected.");
        }

        var database = (await GetAsync()).GetDatabase().Database;
        foreach (var primary in primaries)
        {
            await foreach (var key in primary.KeysAsync(database, pattern, KeysAtOnce).WithCancellation(cancellationToken))
            {
                yield return key;
            }
        }
    }

    /// <summary>Reads <c>INFO memory</c> of each primary that is connected.</summary>
    public async Task<IReadOnlyList<RedisMemory>> ReadMemoryAsync() =>
        await Task.WhenAll((await GetPrimariesAsync()).Select(async server =>
            new RedisMemory(server.EndPoint, [.. (await server.InfoAsync("memory")).SelectMany(section => section)])));

    /// <inheritdoc cref="RedisRefusal.FindAsync"/>
    public Task<string?> FindRefusalAsync() => RedisRefusal.FindAsync(Options, "Cluster:Redis");

    /// <summary>Reads the clock of a primary: always the same one while it is connected. Null: none is.</summary>
    public async Task<DateTimeOffset?> ReadTimeAsync() =>
        (await GetPrimariesAsync()).MinBy(server => server.EndPoint.ToString(), StringComparer.Ordinal) is { } primary
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
