using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;
using SyncCluster.Harness;
using SyncCluster.Hosting;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>The index of jobs in Redis by itself.</summary>
public sealed class RedisJobIndexTests : IAsyncLifetime
{
    private const string Customer = "acme";

    private readonly RedisInProcess _server = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private readonly TimeSpan _expiry = TimeSpan.FromHours(24);
    private RedisConnection? _redis;
    private RedisJobIndex? _index;

    public async Task InitializeAsync()
    {
        _redis = new(new RedisClusterOptions { Redis = _server.Address });
        await _redis.GetAsync();
        _index = NewIndex(_redis);
    }

    public async Task DisposeAsync()
    {
        await _index!.DisposeAsync();
        await _redis!.DisposeAsync();
        _server.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task All_entries_are_found_in_their_order_a_page_at_a_time(bool isAscending)
    {
        var random = new Random(7);
        var entries = Enumerable.Range(0, 3000).Select(number => NewEntry(random, isEnded: number % 3 > 0)).ToArray();
        await Task.WhenAll(entries.Select(entry => _index!.AddAsync(Customer, entry)));
        await _index!.AddAsync("globex", NewEntry(random, isEnded: true));
        var ordered = isAscending ? entries.OrderBy(entry => entry.Position) : entries.OrderByDescending(entry => entry.Position);
        Assert.Equal(ordered, await FindAllAsync(JobFilter.Of(NewQuery()), isAscending, pageSize: 700));
        Assert.Equal(ordered.Take(100), (await _index.FindAsync(Customer, JobFilter.Of(NewQuery()), new(null, isAscending), 100)).Entries);

        JobQuery[] queries =
        [
            NewQuery() with { Tasks = ["3", "4"] },
            NewQuery() with { Callers = ["user-1"] },
            NewQuery() with { Lifecycles = [Lifecycle.Terminated] },
            NewQuery() with { Lifecycles = JobQuery.Unfinished },
            NewQuery() with { States = [JobState.Failure] },
            NewQuery() with { Since = _clock.GetUtcNow().AddHours(-20), Until = _clock.GetUtcNow().AddHours(-3) },
            NewQuery() with
            {
                Since = _clock.GetUtcNow().AddHours(-20),
                Tasks = ["3", "4"],
                Callers = ["user-0", "user-1"],
                Lifecycles = [Lifecycle.Finished],
                States = [JobState.Failure],
            },
            NewQuery() with { Tasks = ["none"] },
        ];
        foreach (var filter in queries.Select(JobFilter.Of))
        {
            Assert.Equal(ordered.Where(entry => filter.Admits(entry)), await FindAllAsync(filter, isAscending, pageSize: 50));
        }

        Assert.All(queries[..^1], query => Assert.InRange(ordered.Count(entry => JobFilter.Of(query).Admits(entry)), 1, 2999));
    }

    [Fact]
    public async Task An_entry_is_replaced_in_one_step_or_not_at_all()
    {
        var entry = NewEntry(new Random(1), isEnded: true);
        await _index!.AddAsync(Customer, entry.ToUnfinished());
        Assert.Equal([entry.ToUnfinished()], await FindAllAsync(JobFilter.Of(NewQuery()), isAscending: false, 10));
        await ChangeAsync(entry.ToUnfinished(), entry);
        Assert.Equal([entry], await FindAllAsync(JobFilter.Of(NewQuery()), isAscending: false, 10));
        await ChangeAsync(entry, null);
        Assert.Empty(await FindAllAsync(JobFilter.Of(NewQuery()), isAscending: false, 10));
    }

    [Fact]
    public async Task Changes_that_are_not_written_yet_are_written_when_the_server_stops()
    {
        var entry = NewEntry(new Random(1), isEnded: true);
        await _index!.AddAsync(Customer, entry.ToUnfinished());
        _index.Change(Customer, entry.ToUnfinished(), entry);
        await _index.DisposeAsync();
        Assert.Equal([entry], await FindAllAsync(JobFilter.Of(NewQuery()), isAscending: false, 10));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_left_out_is_asked_for_each_entry_in_its_order(bool isAscending)
    {
        var random = new Random(7);
        var entries = Enumerable.Range(0, 500).Select(number => NewEntry(random, isEnded: number % 3 > 0)).ToArray();
        await Task.WhenAll(entries.Select(entry => _index!.AddAsync(Customer, entry)));
        var filter = JobFilter.Of(NewQuery() with { Tasks = ["0", "1", "2"] });
        var admitted = (isAscending ? entries.OrderBy(entry => entry.Position) : entries.OrderByDescending(entry => entry.Position))
            .Where(entry => filter.Admits(entry)).ToArray();
        var asked = new List<JobEntry>();
        var found = await _index!.FindAsync(Customer, filter, new(null, isAscending), 50, entry =>
        {
            asked.Add(entry);
            return asked.Count <= 200;
        });
        Assert.Equal(admitted.Skip(200).Take(50), found.Entries);
        Assert.Equal(admitted.Take(250), asked);
        Assert.Equal(found.Entries[^1].Position, found.Next);
    }

    [Fact]
    public async Task A_bucket_expires_after_its_newest_record()
    {
        var database = (await _redis!.GetAsync()).GetDatabase();
        var entry = NewEntry(new Random(1), isEnded: true);
        await _index!.AddAsync(Customer, entry.ToUnfinished());
        await ChangeAsync(null, entry);
        var keys = await _redis.FindKeysAsync("test/jobs/*").Distinct().ToArrayAsync();
        Assert.Equal(2, keys.Length);
        foreach (var key in keys)
        {
            Assert.Contains("{acme}", key.ToString(), StringComparison.Ordinal);
            Assert.InRange((await database.KeyTimeToLiveAsync(key)) ?? TimeSpan.Zero, _expiry, _expiry.Add(TimeSpan.FromHours(1)));
            await database.KeyExpireAsync(key, TimeSpan.FromHours(1));
        }

        await _index.AddAsync(Customer, entry.ToUnfinished());
        foreach (var key in keys)
        {
            Assert.InRange((await database.KeyTimeToLiveAsync(key)) ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromHours(1));
        }

        // The expiry is not renewed by each write, but in time.
        _clock.Advance(TimeSpan.FromMinutes(10));
        await _index.AddAsync(Customer, entry.ToUnfinished());
        await ChangeAsync(null, entry);
        foreach (var key in keys)
        {
            await Eventually.TrueAsync(async () => await database.KeyTimeToLiveAsync(key) >= _expiry, "the expiry is renewed");
        }
    }

    [Fact]
    public async Task Each_customer_that_has_entries_is_named()
    {
        var random = new Random(1);
        Assert.Empty(await _index!.FindCustomersAsync());
        await _index.AddAsync(Customer, NewEntry(random, isEnded: false));
        await _index.AddAsync("globex", NewEntry(random, isEnded: true));
        await Eventually.TrueAsync(async () => (await _index.FindCustomersAsync()).Order().SequenceEqual([Customer, "globex"]), "both are named");
    }

    [Fact]
    public async Task What_has_expired_is_not_found()
    {
        var entry = NewEntry(new Random(1), isEnded: true);
        await _index!.AddAsync(Customer, entry);
        _clock.Advance(_expiry + TimeSpan.FromHours(1));
        Assert.Empty(await FindAllAsync(JobFilter.Of(NewQuery()), isAscending: false, 10));
    }

    [Fact]
    public async Task Without_Redis_an_entry_is_not_stored()
    {
        await using var redis = new RedisConnection(
            new RedisClusterOptions { Redis = $"127.0.0.1:{FreePort.Next()},abortConnect=false,asyncTimeout=200" });
        await using var index = NewIndex(redis);
        await Assert.ThrowsAnyAsync<Exception>(() => index.AddAsync(Customer, NewEntry(new Random(1), isEnded: true)));
    }

    private RedisJobIndex NewIndex(RedisConnection redis) => new(
        redis,
        Options.Create(new ClusterOptions { ClusterId = "test", ServiceId = "test" }),
        Options.Create(new StorageOptions { JobExpiry = _expiry }),
        TestMetrics.New(),
        _clock,
        NullLogger<RedisJobIndex>.Instance);

    /// <summary>Changes an entry, and has the time elapse after which that is written.</summary>
    private async Task ChangeAsync(JobEntry? removed, JobEntry? added)
    {
        _index!.Change(Customer, removed, added);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(
            async () =>
            {
                var found = await FindAllAsync(JobFilter.Of(NewQuery()), isAscending: false, 10);
                return !found.Any(entry => entry == removed) && (added is not { } right || found.Contains(right));
            },
            "the change is written");
    }

    private static JobQuery NewQuery() => new() { Viewer = new(true, []) };

    /// <summary>An entry of the last 30 hours.</summary>
    private JobEntry NewEntry(Random random, bool isEnded)
    {
        var position = new JobPosition(
            JobPosition.Micros(_clock.GetUtcNow().AddHours(-30 * random.NextDouble())),
            (ulong)random.NextInt64(long.MinValue, long.MaxValue),
            (uint)random.NextInt64());
        var entry = new JobEntry(
            position,
            JobEntry.Hash($"{random.Next(5)}"),
            JobEntry.Hash($"user-{random.Next(3)}"),
            (ulong)random.NextInt64(),
            random.Next(2) == 0 ? Lifecycle.Finished : Lifecycle.Terminated,
            random.Next(2) == 0 ? JobState.Success : JobState.Failure,
            (uint)_clock.GetUtcNow().ToUnixTimeSeconds());
        return isEnded ? entry : entry.ToUnfinished();
    }

    private async Task<List<JobEntry>> FindAllAsync(JobFilter filter, bool isAscending, int pageSize)
    {
        var found = new List<JobEntry>();
        JobPosition? after = null;
        do
        {
            var page = await _index!.FindAsync(Customer, filter, new(after, isAscending), pageSize);
            found.AddRange(page.Entries);
            after = page.Next;
        }
        while (after is not null);
        return found;
    }
}
