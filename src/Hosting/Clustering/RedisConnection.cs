using System.Net;
using System.Security.Authentication;
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

    /// <summary>The addresses, for messages.</summary>
    public string Endpoints => string.Join(", ", Options.EndPoints.Select(NameOf));

    /// <summary>Whether Redis, or the connection to it, has failed: another try may be answered.</summary>
    public static bool IsFailure(Exception fault) => fault is RedisException or RedisCommandException or TimeoutException or ObjectDisposedException;

    /// <summary>Returns the connection. It reconnects by itself, and so stays the same after a loss.</summary>
    public Task<IConnectionMultiplexer> GetAsync() => _multiplexer.Value;

    /// <summary>The primaries that are connected.</summary>
    public async Task<IEnumerable<IServer>> GetPrimariesAsync() =>
        (await GetAsync()).GetServers().Where(server => server.IsConnected && !server.IsReplica);

    /// <summary>Reads <c>INFO memory</c> of each primary that is connected.</summary>
    public async Task<IReadOnlyList<RedisMemory>> ReadMemoryAsync() =>
        await Task.WhenAll((await GetPrimariesAsync()).Select(async server =>
            new RedisMemory(server.EndPoint, [.. (await server.InfoAsync("memory")).SelectMany(section => section)])));

    /// <summary>
    /// Connects once more, to find out why Redis can't be reached: of a connection that is tried again and again, the library tells no later reason
    /// than the first.
    /// </summary>
    /// <returns>What is wrong with the settings, in a sentence; null if Redis accepts them, or if it can't be reached for another reason.</returns>
    public async Task<string?> FindRefusalAsync()
    {
        var options = Options.Clone();
        options.AbortOnConnectFail = true;
        try
        {
            await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
            return null;
        }
        catch (RedisConnectionException fault)
        {
            return fault.InnerException switch
            {
                RedisServerException when options.Password is null =>
                    $"The Redis at {Endpoints} wants a password: add `password=…` to Cluster:Redis.",
                RedisServerException => $"The Redis at {Endpoints} refuses the password in Cluster:Redis, or its user.",
                AuthenticationException tls => $"The Redis at {Endpoints} can't be reached with TLS as Cluster:Redis says. {tls.Message}",
                _ => null,
            };
        }
    }

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

    private static string? NameOf(EndPoint endpoint) => endpoint is DnsEndPoint name ? $"{name.Host}:{name.Port}" : endpoint.ToString();
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
