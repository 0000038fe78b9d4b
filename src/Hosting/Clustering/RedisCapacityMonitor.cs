using System.Globalization;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Watches the memory of the cluster's Redis. A Redis that must not evict refuses all writes when its memory is used up, also those that store the
/// results of jobs; so new jobs are refused before that. While Redis does not answer, its last answer counts.
/// </summary>
internal sealed partial class RedisCapacityMonitor(
    RedisConnection redis,
    StorageCapacity capacity,
    IOptions<StorageOptions> options,
    TimeProvider timeProvider,
    ILogger<RedisCapacityMonitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>Whether the used memory leaves no room for new jobs.</summary>
    /// <param name="info">The answer to <c>INFO memory</c>. A missing value counts as 0.</param>
    /// <param name="options">The limits.</param>
    public static bool IsFull(IEnumerable<KeyValuePair<string, string>> info, StorageOptions options)
    {
        var values = info.ToDictionary(entry => entry.Key, entry => entry.Value);
        var limit = Number("maxmemory") is > 0 and var maxMemory ? maxMemory : options.RedisMemory;
        return limit > 0 && Number("used_memory") > limit * options.RedisShare;

        long Number(string name) =>
            long.TryParse(values.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, timeProvider);
        try
        {
            do
            {
                await CheckAsync();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    private async Task CheckAsync()
    {
        try
        {
            var infos = await redis.ReadMemoryAsync();
            if (infos.Count == 0)
            {
                return;
            }

            var isFull = infos.Any(info => IsFull(info.Values, options.Value));
            if (isFull == capacity.IsFull)
            {
                return;
            }

            capacity.IsFull = isFull;
            if (isFull)
            {
                LogFull();
            }
            else
            {
                LogRoom();
            }
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException or ObjectDisposedException)
        {
            LogUnknown(fault.Message);
        }
    }
}
