using SyncCluster.Harness;
using SyncCluster.Harness.Processes;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Hosting.Tests.Clustering;

/// <summary>A Redis Cluster of three masters.</summary>
public sealed class RedisClusterFixture : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-").FullName;
    private readonly List<RedisServer> _masters = [];
    private readonly ProcessReaper _reaper;

    public RedisClusterFixture() => _reaper = new(_folder);

    internal IReadOnlyList<RedisServer> Masters => _masters;

    public async Task InitializeAsync()
    {
        if (RedisClusterFactAttribute.SkipReason is not null)
        {
            return;
        }

        _masters.AddRange([NewMaster(1), NewMaster(2), NewMaster(3)]);
        await Task.WhenAll(_masters.Select(master => master.StartAsync()));
        await RedisCluster.CreateAsync(_masters);
    }

    public async Task DisposeAsync()
    {
        _reaper.Dispose();
        foreach (var master in _masters)
        {
            await master.DisposeAsync();
        }
    }

    /// <summary>A connection that is told one master.</summary>
    internal RedisConnection Connect(string settings = "") => new(Settings(settings));

    internal RedisClusterOptions Settings(string settings = "") => new() { Redis = $"{_masters[0].Endpoint}{settings}", Name = "blue" };

    /// <summary>Adds a master that has a few slots.</summary>
    internal async Task<RedisServer> AddMasterAsync()
    {
        var added = NewMaster(_masters.Count + 1);
        await added.StartAsync();
        await RedisCluster.AddMasterAsync(_masters, added);
        await RedisCluster.MoveSlotsAsync(_masters[0], added, 10);
        _masters.Add(added);
        await RedisCluster.WholeAsync(_masters);
        return added;
    }

    private RedisServer NewMaster(int number) => RedisServer.Create(
        $"master {number}",
        Directory.CreateDirectory(Path.Combine(_folder, $"{number}")).FullName,
        RedisPersistence.EveryWrite,
        _reaper,
        RedisCluster.NewSettings());
}

/// <summary>A test on real Redis servers.</summary>
internal sealed class RedisClusterFactAttribute : FactAttribute
{
    public RedisClusterFactAttribute() => Skip = SkipReason;

    /// <summary>Why a Redis Cluster can't be started here; null where it can.</summary>
    public static string? SkipReason { get; } =
        InstalledPrograms.Find("redis-server") is null || InstalledPrograms.Find("redis-cli") is null
            ? "redis-server and redis-cli are not installed."
            : null;
}
