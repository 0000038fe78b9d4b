using System.Globalization;
using System.Net;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using SyncCluster.Overview;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Watches the memory of all primaries of the cluster's Redis. A Redis that must not evict refuses all writes when its memory is used up, also those
/// that store the results of jobs; so new jobs are refused before that, those of customers that have stored much first. A Redis that has been told to
/// evict may drop the record of a job that runs, which could then run again: new jobs are refused at once. While a Redis does not answer, its last
/// answer counts.
/// </summary>
internal sealed partial class RedisCapacityMonitor(
    RedisConnection redis,
    StorageCapacity capacity,
    IOptions<StorageOptions> options,
    TimeProvider timeProvider,
    ILogger<RedisCapacityMonitor> logger) : PeriodicService(Interval, timeProvider), IHealthCheck
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>The last answer of each primary. Those that are lost count until all are there again.</summary>
    private readonly Dictionary<EndPoint, RedisMemory> _memories = [];

    private StorageLevel _level;
    private volatile string? _eviction;

    /// <summary>The room that the used memory leaves for new jobs.</summary>
    /// <param name="info">The answer to <c>INFO memory</c>. A missing value counts as 0.</param>
    /// <param name="options">The limits.</param>
    public static StorageLevel LevelOf(IEnumerable<KeyValuePair<string, string>> info, StorageOptions options)
    {
        var (used, limit) = UseOf(info, options);
        return limit is null ? StorageLevel.Room : StorageCapacity.LevelOf(used, limit.Value, options.RedisShare);
    }

    /// <summary>What is used, and the limit; null for none.</summary>
    private static (long Used, long? Limit) UseOf(IEnumerable<KeyValuePair<string, string>> info, StorageOptions options)
    {
        var values = info.ToDictionary(entry => entry.Key, entry => entry.Value);
        var limit = Number("maxmemory") is > 0 and var maxMemory ? maxMemory : options.RedisMemory;
        return (Number("used_memory"), limit == 0 ? null : limit);

        long Number(string name) =>
            long.TryParse(values.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        _eviction is { } eviction
            ? HealthCheckResult.Unhealthy($"{eviction}.")
            : HealthCheckResult.Healthy());

    /// <inheritdoc/>
    protected override async Task RunAsync()
    {
        try
        {
            var primaries = await redis.FindPrimariesAsync();
            await Task.WhenAll(primaries.Servers.Select(ReadAsync));
            if (primaries.Missing is null)
            {
                foreach (var former in _memories.Keys.Except(primaries.Servers.Select(server => server.EndPoint)))
                {
                    _memories.Remove(former);
                }
            }

            if (_memories.Count > 0)
            {
                Apply();
            }
        }
        catch (Exception fault) when (RedisConnection.IsFailure(fault))
        {
            LogUnknown(fault.Message);
        }
    }

    private StorageReport Report(RedisMemory memory)
    {
        var (used, limit) = UseOf(memory.Values, options.Value);
        var isFull = memory.Eviction is not null || LevelOf(memory.Values, options.Value) != StorageLevel.Room;
        return new($"Redis {RedisRefusal.NameOf(memory.EndPoint)}", used, limit, isFull);
    }

    private async Task ReadAsync(IServer server)
    {
        try
        {
            var memory = await RedisMemory.ReadAsync(server);
            lock (_memories)
            {
                _memories[server.EndPoint] = memory;
            }
        }
        catch (Exception fault) when (RedisConnection.IsFailure(fault))
        {
            LogUnknown(fault.Message);
        }
    }

    private void Apply()
    {
        var level = _memories.Values.Max(memory => LevelOf(memory.Values, options.Value));
        var eviction = _memories.Values.Select(memory => memory.Eviction).FirstOrDefault(eviction => eviction is not null);
        capacity.Level = eviction is null ? level : StorageLevel.Full;
        capacity.Uses = [.. _memories.Values.OrderBy(memory => memory.EndPoint.ToString(), StringComparer.Ordinal).Select(Report)];
        switch (level)
        {
            case var same when same == _level:
                break;
            case StorageLevel.Room:
                LogRoom();
                break;
            case StorageLevel.NearlyFull:
                LogNearlyFull();
                break;
            default:
                LogFull();
                break;
        }

        switch (_eviction, eviction)
        {
            case (null, not null):
                LogEvicts(eviction);
                break;
            case (not null, null):
                LogEvictsNoMore();
                break;
        }

        (_level, _eviction) = (level, eviction);
    }
}
