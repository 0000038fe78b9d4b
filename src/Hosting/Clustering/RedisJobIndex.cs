using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using StackExchange.Redis;
using SyncCluster.Jobs.Listing;
using SyncCluster.Telemetry;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// The index of jobs in Redis. A customer's jobs are in sorted sets, two for each <see cref="Bucket"/> of the time of their calls: the jobs that are
/// marked unfinished, and the ended ones. The members are the bytes of entries, all with the same score, so that they are sorted by their bytes: by
/// the jobs' positions. A bucket expires after its newest record. All keys of a customer have one hash tag, and no command spans a key of the index
/// and a record, so that both may be on different nodes.
/// <para>
/// An entry is one command, which is sent before its record's, by the same connection where both are on one node. Changes of entries, for which nobody
/// waits, are collected for <see cref="ChangeTime"/> and written together.
/// </para>
/// </summary>
internal sealed partial class RedisJobIndex : IJobIndex, IAsyncDisposable
{
    /// <summary>The time of a bucket. A job's entry may be kept that much longer than its record.</summary>
    private static readonly TimeSpan Bucket = TimeSpan.FromHours(6);

    /// <summary>How often a key's expiry is renewed.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromMinutes(5);

    /// <summary>For how long changes are collected. Lists read the records of the jobs whose ends are not written yet.</summary>
    private static readonly TimeSpan ChangeTime = TimeSpan.FromMilliseconds(50);

    private static readonly long BucketMicros = Bucket.Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>After how many entries a search says how far it has come, when it is through with a bucket.</summary>
    private const int SearchLimit = 250_000;

    /// <summary>How many keys are remembered.</summary>
    private const int MaxKeys = 10_000;

    private readonly RedisConnection _redis;
    private readonly ServerMetrics _metrics;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly string _prefix;
    private readonly string _customers;
    private readonly TimeSpan _expiry;
    private readonly ConcurrentDictionary<(string Customer, long Bucket, bool HasEnded), Key> _keys = new();
    private readonly Lock _sync = new();
    private readonly ITimer _timer;
    private List<Changed> _changes = [];
    private Task _written = Task.CompletedTask;

    public RedisJobIndex(
        RedisConnection redis,
        IOptions<ClusterOptions> cluster,
        IOptions<StorageOptions> storage,
        ServerMetrics metrics,
        TimeProvider timeProvider,
        ILogger<RedisJobIndex> logger)
    {
        (_redis, _metrics, _timeProvider, _logger) = (redis, metrics, timeProvider, logger);
        _prefix = RedisKeys.JobIndex(cluster.Value.ClusterId);
        _customers = RedisKeys.Customers(cluster.Value.ClusterId);
        _expiry = storage.Value.JobExpiry;
        using var withoutCaller = ExecutionContext.SuppressFlow();
        _timer = timeProvider.CreateTimer(_ => WriteChanges(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public Task AddAsync(string customer, JobEntry entry)
    {
        var key = KeyOf(customer, entry);
        var connected = _redis.GetAsync();
        return connected.IsCompletedSuccessfully && !TakeRenewal(key)
            ? connected.Result.GetDatabase().SortedSetAddAsync(key.Name, entry.ToBytes(), 0)
            : WriteAsync(customer, [new(customer, null, new(key, entry.ToBytes()))], [key]);
    }

    /// <inheritdoc/>
    public void Change(string customer, JobEntry? removed, JobEntry? added)
    {
        var changed = new Changed(customer, MemberOf(customer, removed), MemberOf(customer, added));
        lock (_sync)
        {
            _changes.Add(changed);
            if (_changes.Count == 1)
            {
                _timer.Change(ChangeTime, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<FoundEntries> FindAsync(
        string customer, JobFilter filter, JobSpan span, int limit, Func<JobEntry, bool>? isLeftOut = null)
    {
        var database = (await _redis.GetAsync()).GetDatabase();
        var expired = (_timeProvider.GetUtcNow() - _expiry).ToUnixTimeSeconds();
        var found = new List<JobEntry>();
        var searched = 0;
        foreach (var bucket in await FindBucketsAsync(database, customer, filter, span))
        {
            var unfinished = new RedisEntryReader(database, NameOf(customer, bucket, hasEnded: false), filter, span);
            var ended = filter.IncludesEnded ? new RedisEntryReader(database, NameOf(customer, bucket, hasEnded: true), filter, span) : null;
            var hasUnfinished = await unfinished.MoveNextAsync();
            var hasEnded = ended is not null && await ended.MoveNextAsync();
            while (hasUnfinished || hasEnded)
            {
                var isUnfinished = hasUnfinished && (!hasEnded || span.Compare(unfinished.Current.Position, ended!.Current.Position) <= 0);
                var entry = isUnfinished ? unfinished.Current : ended!.Current;
                if (!(entry.HasEnded && entry.EndedAt < expired) && isLeftOut?.Invoke(entry) != true)
                {
                    found.Add(entry);
                    if (found.Count == limit)
                    {
                        return new(found, entry.Position);
                    }
                }

                if (isUnfinished)
                {
                    hasUnfinished = await unfinished.MoveNextAsync();
                }
                else
                {
                    hasEnded = await ended!.MoveNextAsync();
                }
            }

            searched += unfinished.Searched + (ended?.Searched ?? 0);
            if (searched >= SearchLimit)
            {
                return new(found, EndOf(bucket, span));
            }
        }

        return new(found, null);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyCollection<string>> FindCustomersAsync()
    {
        var database = (await _redis.GetAsync()).GetDatabase();
        return [.. (await database.SortedSetRangeByValueAsync(_customers)).Select(customer => customer.ToString())];
    }

    /// <summary>Writes the changes that are still to be written.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        WriteChanges();
        await _written;
    }

    /// <summary>The buckets that there are, in the order of the search.</summary>
    private async Task<IReadOnlyList<long>> FindBucketsAsync(IDatabase database, string customer, JobFilter filter, JobSpan span)
    {
        // A job ends within half of the expiry, and its record is kept for the whole of it from then on. The clock of another server may be ahead.
        var now = _timeProvider.GetUtcNow();
        var oldest = Math.Max(filter.Since, JobPosition.Micros(now - (1.5 * _expiry) - Bucket));
        var newest = Math.Min(filter.Until, JobPosition.Micros(now + Bucket));
        if (span.After is { } after)
        {
            (oldest, newest) = span.IsAscending ? (Math.Max(oldest, after.CreatedAt), newest) : (oldest, Math.Min(newest, after.CreatedAt));
        }

        var buckets = new List<long>();
        for (var number = NumberOf(newest); number >= NumberOf(oldest); number--)
        {
            buckets.Add(number);
        }

        if (span.IsAscending)
        {
            buckets.Reverse();
        }

        var exist = await Task.WhenAll(buckets.Select(number =>
            database.KeyExistsAsync([NameOf(customer, number, hasEnded: false), NameOf(customer, number, hasEnded: true)])));
        return [.. buckets.Where((_, at) => exist[at] > 0)];
    }

    /// <summary>The last position that a bucket may have, in the order of the search.</summary>
    private static JobPosition EndOf(long bucket, JobSpan span) => span.IsAscending
        ? new(((bucket + 1) * BucketMicros) - 1, ulong.MaxValue, uint.MaxValue)
        : new(bucket * BucketMicros, 0, 0);

    private void WriteChanges()
    {
        List<Changed> changes;
        lock (_sync)
        {
            (changes, _changes) = (_changes, []);
        }

        // Not one after the other: while Redis is silent, each of them fails by its own time limit.
        _written = Task.WhenAll([_written, .. changes.GroupBy(change => change.Customer).Select(WriteChangesAsync)]);
    }

    private async Task WriteChangesAsync(IGrouping<string, Changed> changes)
    {
        try
        {
            var keys = changes.Select(change => change.Added?.Key).OfType<Key>().Distinct();
            await WriteAsync(changes.Key, [.. changes], [.. keys.Where(TakeRenewal)]);
        }
        catch (Exception fault)
        {
            _metrics.StorageWriteFailed(fault);
            LogNotChanged(changes.Count(), changes.Key, fault.Message);
        }
    }

    /// <param name="customer">The customer.</param>
    /// <param name="changes">What is written, all or nothing: an entry must not be removed if the one in its place is refused.</param>
    /// <param name="renewed">The keys whose expiry is renewed.</param>
    private async Task WriteAsync(string customer, Changed[] changes, Key[] renewed)
    {
        var replies = new List<Task>();
        try
        {
            var database = (await _redis.GetAsync()).GetDatabase();
            if (renewed.Length > 0)
            {
                // On another node, perhaps: no call fails for that. If it is lost, the next renewal writes it.
                database.SortedSetAddAsync(_customers, customer, 0).Ignore();
                database.KeyExpireAsync(_customers, _expiry + (2 * Renewal)).Ignore();
            }

            var transaction = database.CreateTransaction();
            foreach (var added in changes.Select(change => change.Added).OfType<Member>().GroupBy(member => member.Key, member => member.Bytes))
            {
                replies.Add(transaction.SortedSetAddAsync(added.Key.Name, [.. added.Select(bytes => new SortedSetEntry(bytes, 0))]));
            }

            foreach (var removed in changes.Select(change => change.Removed).OfType<Member>().GroupBy(member => member.Key, member => member.Bytes))
            {
                replies.Add(transaction.SortedSetRemoveAsync(removed.Key.Name, [.. removed.Select(bytes => (RedisValue)bytes)]));
            }

            foreach (var key in renewed)
            {
                replies.Add(transaction.KeyExpireAsync(key.Name, _expiry + (2 * Renewal)));
            }

            if (!await transaction.ExecuteAsync())
            {
                throw new RedisException("Redis has not taken the transaction.");
            }

            await Task.WhenAll(replies);
        }
        catch
        {
            replies.ForEach(reply => reply.Ignore());
            Array.ForEach(renewed, key => key.RenewedAt = 0);
            throw;
        }
    }

    /// <summary>Whether it is the caller who renews the key's expiry now.</summary>
    private bool TakeRenewal(Key key)
    {
        var (now, last) = (_timeProvider.GetTimestamp(), Volatile.Read(ref key.RenewedAt));
        return (last == 0 || _timeProvider.GetElapsedTime(last, now) >= Renewal) && Interlocked.CompareExchange(ref key.RenewedAt, now, last) == last;
    }

    private Key KeyOf(string customer, JobEntry entry)
    {
        var id = (customer, NumberOf(entry.Position.CreatedAt), entry.HasEnded);
        if (_keys.TryGetValue(id, out var key))
        {
            return key;
        }

        if (_keys.Count >= MaxKeys)
        {
            _keys.Clear();
        }

        return _keys.GetOrAdd(id, static (id, index) => new(index.NameOf(id.Customer, id.Bucket, id.HasEnded)), this);
    }

    private Member? MemberOf(string customer, JobEntry? entry) => entry is { } known ? new(KeyOf(customer, known), known.ToBytes()) : null;

    private static long NumberOf(long createdAt) => createdAt / BucketMicros;

    private string NameOf(string customer, long bucket, bool hasEnded) =>
        string.Create(CultureInfo.InvariantCulture, $"{_prefix}{{{customer}}}/{bucket}/{(hasEnded ? "ended" : "unfinished")}");

    private readonly record struct Changed(string Customer, Member? Removed, Member? Added);

    /// <summary>An entry in its sorted set.</summary>
    private sealed record Member(Key Key, byte[] Bytes);

    /// <summary>A key of the index.</summary>
    private sealed class Key(RedisKey name)
    {
        /// <summary>When its expiry was renewed, as a timestamp; 0 for never.</summary>
        public long RenewedAt;

        public RedisKey Name => name;
    }
}
