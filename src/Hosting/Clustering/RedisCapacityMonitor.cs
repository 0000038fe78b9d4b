using System.Globalization;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Watches how full the cluster's Redis is. One that may not evict refuses all writes when its memory is used up, the ends of jobs included; so new
/// jobs are refused before that. While Redis does not answer, what it said last counts.
/// </summary>
internal sealed partial class RedisCapacityMonitor(
    RedisConnection redis, StorageCapacity room, IOptions<StorageOptions> options, TimeProvider timeProvider, ILogger<RedisCapacityMonitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>Whether so much is used that no new job may be stored.</summary>
    /// <param name="info">What Redis says to <c>INFO memory</c>; what it does not say is 0.</param>
    /// <param name="options">How much that is.</param>
    public static bool IsFull(IEnumerable<KeyValuePair<string, string>> info, StorageOptions options)
    {
        var facts = info.ToDictionary(fact => fact.Key, fact => fact.Value);
        var most = Number("maxmemory") is > 0 and var limit ? limit : options.RedisMemory;
        return most > 0 && Number("used_memory") > most * options.RedisShare;

        long Number(string name) => long.TryParse(facts.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, timeProvider);
        try
        {
            do
            {
                await LookAsync();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    private async Task LookAsync()
    {
        try
        {
            var servers = (await redis.GetAsync()).GetServers().Where(server => server.IsConnected && !server.IsReplica);
            var infos = await Task.WhenAll(servers.Select(server => server.InfoAsync("memory")));
            if (infos.Length == 0)
            {
                return;
            }

            var full = infos.Any(info => IsFull(info.SelectMany(section => section), options.Value));
            if (full != room.IsFull)
            {
                room.IsFull = full;
                LogChanged(full ? "is nearly full: it is given no new jobs" : "has room again");
            }
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException or ObjectDisposedException)
        {
            LogNoAnswer(fault.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis {State}.")]
    private partial void LogChanged(string state);

    [LoggerMessage(Level = LogLevel.Information, Message = "Redis does not say how full it is: {Fault}")]
    private partial void LogNoAnswer(string fault);
}
