using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using StackExchange.Redis;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Shares with the other silos how many bytes each customer has stored. Redis does not tell when a record expires, so the counts are kept in hashes, each for
/// an eighth of the time that records are kept, and expire with them: what has expired is counted up to an eighth of that time longer. A silo that dies
/// takes along what it has counted in the last seconds; records that an earlier version wrote are not counted.
/// </summary>
internal sealed partial class RedisStoredBytes(
    RedisConnection redis,
    StoredBytes storedBytes,
    IOptions<ClusterOptions> cluster,
    IOptions<StorageOptions> storage,
    TimeProvider timeProvider,
    ILogger<RedisStoredBytes> logger) : PeriodicService(Interval, timeProvider)
{
    private const int Periods = 8;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private readonly TimeSpan _expiry = storage.Value.JobExpiry;
    private readonly ConcurrentQueue<(string Customer, long Bytes, DateTimeOffset WrittenAt)> _removed = new();

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        storedBytes.OnRemoved = (customer, bytes, writtenAt) => _removed.Enqueue((customer, bytes, writtenAt));
        return base.StartAsync(cancellationToken);
    }

    /// <summary>Records were removed before they expire.</summary>
    /// <param name="customer">Their customer.</param>
    /// <param name="removed">Their sizes, and when they were written.</param>
    /// <exception cref="RedisException">Redis can't be reached: the records are still counted until they would have expired.</exception>
    public async Task SubtractAsync(string customer, IEnumerable<(DateTimeOffset WrittenAt, long Bytes)> removed)
    {
        var database = (await redis.GetAsync()).GetDatabase();
        var oldest = PeriodOf(TimeProvider.GetUtcNow()) - Periods;
        foreach (var period in removed.GroupBy(record => PeriodOf(record.WrittenAt)).Where(period => period.Key >= oldest))
        {
            await AddAsync(database, period.Key, [KeyValuePair.Create(customer, -period.Sum(record => record.Bytes))]);
        }
    }

    /// <inheritdoc/>
    protected override async Task RunAsync()
    {
        var added = storedBytes.TakeAdded();
        try
        {
            var database = (await redis.GetAsync()).GetDatabase();
            var now = PeriodOf(TimeProvider.GetUtcNow());
            if (added.Count > 0)
            {
                await AddAsync(database, now, added);
                added = [];
            }

            await SubtractRemovedAsync();

            // One more than now, since the clock of another silo may be ahead.
            var counts = await Task.WhenAll(Enumerable.Range(0, Periods + 2).Select(ago => database.HashGetAllAsync(KeyOf(now + 1 - ago))));
            storedBytes.Share(counts.SelectMany(count => count)
                .GroupBy(entry => entry.Name.ToString(), entry => (long)entry.Value)
                .ToDictionary(customer => customer.Key, customer => customer.Sum()));
        }
        catch (Exception fault) when (RedisConnection.IsFailure(fault))
        {
            // If Redis has added it all the same, it is counted twice.
            foreach (var (customer, bytes) in added)
            {
                storedBytes.Add(customer, bytes);
            }

            LogNotShared(fault.Message);
        }
    }

    private async Task SubtractRemovedAsync()
    {
        var removed = new List<(string Customer, long Bytes, DateTimeOffset WrittenAt)>();
        while (_removed.TryDequeue(out var record))
        {
            removed.Add(record);
        }

        foreach (var records in removed.GroupBy(record => record.Customer))
        {
            await SubtractAsync(records.Key, records.Select(record => (record.WrittenAt, record.Bytes)));
        }
    }

    private async Task AddAsync(IDatabase database, long period, IReadOnlyList<KeyValuePair<string, long>> added)
    {
        var key = KeyOf(period);
        var transaction = database.CreateTransaction();
        foreach (var (customer, bytes) in added)
        {
            _ = transaction.HashIncrementAsync(key, customer, bytes);
        }

        _ = transaction.KeyExpireAsync(key, _expiry + (2 * _expiry / Periods));
        await transaction.ExecuteAsync();
    }

    private long PeriodOf(DateTimeOffset time) => time.UtcTicks / (_expiry.Ticks / Periods);

    /// <summary>With another expiry, counting begins anew.</summary>
    private string KeyOf(long period) =>
        string.Create(CultureInfo.InvariantCulture, $"{RedisKeys.StoredBytes(cluster.Value.ClusterId)}{_expiry.TotalSeconds}/{period}");
}
