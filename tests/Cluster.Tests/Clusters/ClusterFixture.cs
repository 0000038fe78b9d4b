using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Clusters;

/// <summary>A cluster that the scenarios of one collection share. Each scenario begins with a restored cluster.</summary>
public abstract class ClusterFixture(params IEnumerable<string> redisSettings)
    : ProcessCluster(RedisPersistence.EveryWrite, redisSettings), IAsyncLifetime
{
    private readonly List<Server> _addedSilos = [];

    /// <summary>All silos and gateways.</summary>
    internal virtual IEnumerable<Server> Servers => [.. RunningSilos, .. Gateways];

    /// <summary>All servers of the cluster's Redis.</summary>
    internal virtual IReadOnlyList<RedisServer> RedisServers => [Redis];

    /// <inheritdoc/>
    protected override IEnumerable<Server> RunningSilos => [.. Silos, .. _addedSilos];

    /// <summary>Half a dozen processes share the machine: the server's garbage collector would take a heap for each core in each of them.</summary>
    protected override IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string> { ["DOTNET_gcServer"] = "0" };

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.SkipReason is not null)
        {
            return;
        }

        try
        {
            await StartRedisAsync();
            await StartAsync();
            await SettledAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    /// <summary>Adds a silo until the next <see cref="RestoreAsync"/>.</summary>
    internal async Task<Server> StartExtraSiloAsync()
    {
        var silo = CreateSilo(Silos.Count + _addedSilos.Count + 1);
        _addedSilos.Add(silo);
        await silo.StartAsync();
        return silo;
    }

    /// <summary>Starts what has ended, stops what was added, and waits for the membership to show it.</summary>
    internal virtual async Task RestoreAsync()
    {
        foreach (var silo in _addedSilos)
        {
            await silo.DisposeAsync();
        }

        _addedSilos.Clear();
        await Task.WhenAll(RedisServers.Where(redis => redis.Process.HasExited).Select(redis => redis.StartAsync()));
        await Task.WhenAll(Servers.Where(server => server.Process.HasExited || server.IsFrozen).Select(server => server.StartAsync()));
        await SettledAsync();
    }

    private protected virtual Task StartRedisAsync() => Task.WhenAll(RedisServers.Select(redis => redis.StartAsync()));

    /// <summary>Starts the silos, the gateways and what they need beside Redis.</summary>
    private protected abstract Task StartAsync();

    private protected abstract Server CreateSilo(int number);
}
