namespace SyncCluster.Cluster.Tests.Processes;

/// <summary>Redis, silos and gateways, each a process of its own.</summary>
public abstract class ProcessCluster : IAsyncLifetime
{
    private readonly List<Server> _extra = [];
    private RedisServer? _redis;

    internal string Folder { get; } = Directory.CreateTempSubdirectory("synccluster-chaos-").FullName;

    internal RedisServer Redis => _redis!;

    internal IReadOnlyList<Server> Silos { get; private set; } = [];

    /// <summary>Where calls wait.</summary>
    internal IReadOnlyList<Server> Gateways { get; private set; } = [];

    internal virtual IEnumerable<Server> Servers => [.. Silos, .. _extra, .. Gateways];

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.Missing is not null)
        {
            return;
        }

        try
        {
            await StartAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public virtual async Task DisposeAsync()
    {
        foreach (var server in Servers)
        {
            server.Dispose();
        }

        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>A silo more, until the next <see cref="RestoreAsync"/>.</summary>
    internal async Task<Server> AddSiloAsync()
    {
        var silo = Silo(Silos.Count + _extra.Count);
        _extra.Add(silo);
        await silo.StartAsync();
        return silo;
    }

    /// <summary>Has everything run as in the beginning, and the membership say so.</summary>
    internal virtual async Task RestoreAsync()
    {
        foreach (var silo in _extra)
        {
            silo.Dispose();
        }

        _extra.Clear();
        if (Redis.Process.HasExited)
        {
            await Redis.StartAsync();
        }

        await Task.WhenAll(Servers.Where(server => server.Process.HasExited || server.IsFrozen).Select(server => server.StartAsync()));
        await SettledAsync();
    }

    /// <summary>Until the membership names the silos that run, and no other.</summary>
    internal Task SettledAsync() => Until.TrueAsync(
        async () =>
        {
            var members = await Redis.MembersAsync();
            return members.Values.All(active => active)
                && members.Keys.ToHashSet().SetEquals(Silos.Concat(_extra).Where(silo => !silo.Process.HasExited && !silo.IsFrozen).Select(silo => silo.Address));
        },
        "the membership names the silos that run, and no other");

    /// <summary>Until the others have declared it dead.</summary>
    internal Task DeclaredDeadAsync(Server silo) =>
        Until.TrueAsync(async () => !(await Redis.MembersAsync()).ContainsKey(silo.Address), $"{silo.Name} is declared dead");

    /// <summary>Starts what the cluster's servers need.</summary>
    private protected abstract Task PrepareAsync();

    private protected abstract IReadOnlyList<Server> MakeGateways();

    private protected abstract IReadOnlyList<Server> MakeSilos();

    private protected abstract Server Silo(int number);

    private protected static Server Gateway(string name, params string[] settings) => new(name, "SyncCluster.Gateway.dll", settings);

    private protected Server Silo(int number, params string[] settings) => new(
        $"silo {number}",
        "SyncCluster.Silo.dll",
        [$"--Cluster:Redis={Redis.Endpoint}", "--Cluster:SiloPort=0", "--Cluster:GatewayPort=0", .. settings]);

    private async Task StartAsync()
    {
        _redis = new(Directory.CreateDirectory(Path.Combine(Folder, "redis")).FullName);
        await _redis.StartAsync();
        await PrepareAsync();
        Silos = MakeSilos();
        Gateways = MakeGateways();
        await Task.WhenAll(Silos.Select(silo => silo.StartAsync()));
        await Task.WhenAll(Servers.Except(Silos).Select(server => server.StartAsync()));
        await SettledAsync();
    }
}
