using System.Net;
using System.Runtime.CompilerServices;
using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>The one connection of the process to the cluster's Redis.</summary>
internal sealed class RedisConnection : IAsyncDisposable
{
    private const int KeysAtOnce = 1000;
    private const string Setting = "Cluster:Redis";

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

    /// <summary>Finds the primaries. A member of a Redis Cluster tells them, so that one that was added is known at once.</summary>
    /// <exception cref="RedisException">No server is connected, or no member of the Redis Cluster answers.</exception>
    public async Task<RedisPrimaries> FindPrimariesAsync()
    {
        var multiplexer = await GetAsync();
        var connected = multiplexer.GetServers().Where(server => server.IsConnected).ToArray();
        Exception? last = null;
        foreach (var member in connected.Where(server => server.ServerType == ServerType.Cluster))
        {
            try
            {
                if (await member.ClusterNodesAsync() is { } cluster)
                {
                    var primaries = new RedisPrimaries(multiplexer.GetServers(), cluster);
                    if (primaries.HasUnknown && await multiplexer.ConfigureAsync())
                    {
                        primaries = new(multiplexer.GetServers(), cluster);
                    }

                    return primaries;
                }
            }
            catch (Exception fault) when (IsFailure(fault) && fault is not RedisServerException { Kind: RedisErrorKind.NoPermission })
            {
                last = fault;
            }
        }

        return (last, connected) switch
        {
            (not null, _) => throw new RedisException($"No member of the Redis Cluster at {Endpoints} says which primaries it has.", last),
            (null, []) => throw new RedisException($"The Redis at {Endpoints} is not connected."),
            _ => new([.. connected.Where(server => !server.IsReplica)]),
        };
    }

    /// <summary>Finds the keys that match a pattern. A key may be found twice.</summary>
    /// <exception cref="RedisException">A primary is not connected: nothing is known of its keys.</exception>
    public async IAsyncEnumerable<RedisKey> FindKeysAsync(string pattern, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var primaries = await FindPrimariesAsync();
        if (primaries.Missing is { } missing)
        {
            throw new RedisException(missing);
        }

        var database = (await GetAsync()).GetDatabase().Database;
        foreach (var primary in primaries.Servers)
        {
            await foreach (var key in primary.KeysAsync(database, pattern, KeysAtOnce).WithCancellation(cancellationToken))
            {
                yield return key;
            }
        }
    }

    /// <inheritdoc cref="RedisRefusal.FindAsync"/>
    /// <param name="lost">The servers that can't be reached; none: all.</param>
    public async Task<string?> FindRefusalAsync(params IReadOnlyList<EndPoint> lost)
    {
        if (lost.Count == 0)
        {
            return await RedisRefusal.FindAsync(Options, Setting);
        }

        var refusals = await Task.WhenAll(lost.Select(server =>
        {
            var options = Options.Clone();
            options.EndPoints.Clear();
            options.EndPoints.Add(server);
            return RedisRefusal.FindAsync(options, Setting);
        }));
        return refusals.FirstOrDefault(refusal => refusal is not null);
    }

    /// <summary>Reads the clock of a primary: always the same one while it is connected. Null: none is.</summary>
    public async Task<DateTimeOffset?> ReadTimeAsync() =>
        (await GetAsync()).GetServers().Where(server => server.IsConnected && !server.IsReplica)
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
