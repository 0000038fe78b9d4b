using System.Collections.Concurrent;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Tests.Clustering;

/// <summary>What a server looks at in a Redis Cluster: all its masters. Real servers, of which it is told one.</summary>
public sealed class RedisClusterTests(RedisClusterFixture cluster) : IClassFixture<RedisClusterFixture>
{
    /// <summary>What <c>docs/cluster.md</c> says that a user needs.</summary>
    private const string Documented = "resetchannels resetkeys ~blue/* ~synccluster/members/blue +@all -@dangerous +info";

    /// <summary>A server that can't start waits without an end unless it says why.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [RedisClusterFact]
    public async Task A_master_that_may_evict_is_named_whichever_it_is_and_no_new_jobs_are_taken()
    {
        await using var monitored = await Monitored.StartAsync(cluster);
        foreach (var master in cluster.Masters)
        {
            await master.SetEvictionAsync("allkeys-lru");
            await monitored.BecomesAsync(StorageLevel.Full);
            Assert.Equal($"The Redis at {master.Endpoint} may evict what it holds (maxmemory-policy allkeys-lru).", await monitored.HealthAsync());
            await master.SetEvictionAsync("noeviction");
            await monitored.BecomesAsync(StorageLevel.Room);
        }
    }

    [RedisClusterFact]
    public async Task A_full_master_counts_whichever_it_is()
    {
        await using var monitored = await Monitored.StartAsync(cluster);
        foreach (var master in cluster.Masters)
        {
            await master.LimitMemoryAsync(1.02);
            await monitored.BecomesAsync(StorageLevel.Full);
            await master.LimitMemoryAsync(0);
            await monitored.BecomesAsync(StorageLevel.Room);
        }
    }

    [RedisClusterFact]
    public async Task A_master_that_is_added_counts()
    {
        await using var monitored = await Monitored.StartAsync(cluster);
        var added = await cluster.AddMasterAsync();
        await added.SetEvictionAsync("volatile-ttl");
        await monitored.BecomesAsync(StorageLevel.Full);
        await added.SetEvictionAsync("noeviction");
        await monitored.BecomesAsync(StorageLevel.Room);
    }

    [RedisClusterFact]
    public async Task What_a_lost_master_said_last_counts_until_it_is_back_and_none_of_its_keys_is_taken_for_gone()
    {
        await using var monitored = await Monitored.StartAsync(cluster);
        await using var redis = cluster.Connect();
        var database = (await redis.GetAsync()).GetDatabase();
        for (var number = 0; number < 20; number++)
        {
            await database.StringSetAsync($"blue/found/{number}", "");
        }

        Assert.Equal(20, await redis.FindKeysAsync("blue/found/*").CountAsync());
        var time = new FakeTimeProvider();
        var log = new ConcurrentQueue<string>();
        using var connectionMonitor = new RedisConnectionMonitor(redis, time, new Logger(log));
        await connectionMonitor.StartAsync(default);
        var master = cluster.Masters[1];
        await master.SetEvictionAsync("allkeys-lru");
        await monitored.BecomesAsync(StorageLevel.Full);
        master.Kill();
        await LoggedAsync("A part of Redis is lost: new calls that need it are refused, and waiting ones go on waiting.");
        await Eventually.TrueAsync(async () => await FindFaultAsync() is not null, "the loss is noticed");

        // Later the others take it for dead, and do not name it any more.
        var without = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                monitored.BeginRound();
                var fault = await FindFaultAsync();
                Assert.Equal(StorageLevel.Full, monitored.Capacity.Level);
                return fault?.EndsWith("slots of the Redis Cluster have no primary.", StringComparison.Ordinal) == true && ++without > 20;
            },
            "the others take it for dead");

        // Started again it does not evict any more: its setting was not stored.
        await master.StartAsync();
        await monitored.BecomesAsync(StorageLevel.Room);
        await Eventually.TrueAsync(async () => await FindFaultAsync() is null, "all masters are connected");
        await RedisCluster.WholeAsync(cluster.Masters);
        Assert.Equal(20, await redis.FindKeysAsync("blue/found/*").CountAsync());
        await LoggedAsync($"Redis at {redis.Endpoints} is connected again.");
        await connectionMonitor.StopAsync(default);

        Task LoggedAsync(string message) => Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return log.Any(logged => logged.StartsWith(message, StringComparison.Ordinal));
            },
            $"the log says: {message}");

        async Task<string?> FindFaultAsync()
        {
            try
            {
                await redis.FindKeysAsync("blue/found/*").CountAsync();
                return null;
            }
            catch (Exception fault) when (fault is RedisException or TimeoutException)
            {
                return fault.Message;
            }
        }
    }

    [RedisClusterFact]
    public async Task A_silo_does_not_start_if_a_master_lacks_its_user_or_a_right_of_it()
    {
        foreach (var master in cluster.Masters)
        {
            await master.SetUserAsync("servers", "servers-secret", Documented);
        }

        await StartAsync();
        foreach (var master in cluster.Masters)
        {
            await master.SetUserAsync("servers", "servers-secret", $"{Documented} -hincrby");
            Assert.Contains("'hincrby'", (await Assert.ThrowsAsync<OptionsValidationException>(StartAsync)).Message, StringComparison.Ordinal);
            await master.ExecuteAsync("ACL", "DELUSER", "servers");
            await master.RequirePasswordAsync("another-secret");
            Assert.Contains(
                $"The Redis at {master.Endpoint} refuses the password in Cluster:Redis, or its user.",
                (await Assert.ThrowsAsync<OptionsValidationException>(StartAsync)).Message,
                StringComparison.Ordinal);
            await master.RequirePasswordAsync("");
            await master.SetUserAsync("servers", "servers-secret", Documented);
        }

        async Task StartAsync()
        {
            // It is told all, since it may be the first that does not let it in.
            var settings = new RedisClusterOptions
            {
                Redis = $"{string.Join(",", cluster.Masters.Select(master => master.Endpoint))},user=servers,password=servers-secret",
                Name = "blue",
            };
            await using var redis = new RedisConnection(settings);
            using var limit = new CancellationTokenSource(Limit);
            var check = new RedisStartupCheck(redis, settings, TimeProvider.System, NullLogger<RedisStartupCheck>.Instance, new Silo());
            await check.StartingAsync(limit.Token);
        }
    }

    [RedisClusterFact]
    public async Task A_master_that_may_evict_keeps_a_server_from_starting()
    {
        foreach (var master in cluster.Masters)
        {
            await master.SetEvictionAsync("allkeys-lru");
            var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => CheckAsync());
            Assert.Contains($"The Redis at {master.Endpoint} may evict what it holds", refusal.Message, StringComparison.Ordinal);
            await master.SetEvictionAsync("noeviction");
        }

        await CheckAsync();
    }

    [RedisClusterFact]
    public async Task A_database_that_a_Redis_Cluster_does_not_have_is_refused_in_a_sentence() => Assert.Contains(
        "is a Redis Cluster, which has no database 3: remove `defaultDatabase=3` from Cluster:Redis.",
        (await Assert.ThrowsAsync<OptionsValidationException>(() => CheckAsync(",defaultDatabase=3"))).Message,
        StringComparison.Ordinal);

    [RedisClusterFact]
    public async Task Keys_of_version_0_1_are_renamed_also_where_their_new_names_belong_to_other_masters()
    {
        await using var redis = cluster.Connect();
        var database = (await redis.GetAsync()).GetDatabase();
        await database.HashSetAsync("synccluster/members/green", [new("Version", "1")]);
        for (var number = 0; number < 12; number++)
        {
            await database.HashSetAsync($"synccluster/state/job/acme/{number}/job", [new("etag", "1"), new("data", $"job {number}")]);
            await database.KeyExpireAsync($"synccluster/state/job/acme/{number}/job", TimeSpan.FromHours(24));
        }

        // As if the command had been interrupted after it had stored this one, and something else were in the way of another one.
        await database.HashSetAsync("green/state/job/acme/3/job", [new("data", "job 3"), new("etag", "1")]);
        await database.HashSetAsync("green/state/job/acme/4/job", [new("etag", "2"), new("data", "another job")]);
        string[] command = [$"--Cluster:Redis={cluster.Masters[0].Endpoint}", "--Cluster:Name=green"];
        Assert.Equal(1, await RenameKeysCommand.RunAsync(command));
        Assert.Equal("job 4", await database.HashGetAsync("synccluster/state/job/acme/4/job", "data"));
        Assert.Equal("another job", await database.HashGetAsync("green/state/job/acme/4/job", "data"));

        await database.KeyDeleteAsync("green/state/job/acme/4/job");
        Assert.Equal(0, await RenameKeysCommand.RunAsync(command));
        for (var number = 0; number < 12; number++)
        {
            Assert.Equal($"job {number}", await database.HashGetAsync($"green/state/job/acme/{number}/job", "data"));
            Assert.Equal("1", await database.HashGetAsync($"green/state/job/acme/{number}/job", "etag"));
            Assert.False(await database.KeyExistsAsync($"synccluster/state/job/acme/{number}/job"));
        }

        Assert.InRange((await database.KeyTimeToLiveAsync("green/state/job/acme/0/job"))!.Value, TimeSpan.FromHours(23), TimeSpan.FromHours(24));
    }

    private async Task CheckAsync(string settings = "")
    {
        await using var redis = cluster.Connect(settings);
        using var limit = new CancellationTokenSource(Limit);
        var check = new RedisStartupCheck(redis, cluster.Settings(settings), TimeProvider.System, NullLogger<RedisStartupCheck>.Instance);
        await check.StartingAsync(limit.Token);
    }

    /// <summary>A monitor whose rounds begin when the test says so.</summary>
    private sealed class Monitored : IAsyncDisposable
    {
        private readonly FakeTimeProvider _time = new();
        private readonly RedisConnection _redis;
        private readonly RedisCapacityMonitor _monitor;

        private Monitored(RedisConnection redis)
        {
            _redis = redis;
            _monitor = new(redis, Capacity, Options.Create(new StorageOptions()), _time, NullLogger<RedisCapacityMonitor>.Instance);
        }

        public StorageCapacity Capacity { get; } = new(new StoredBytes());

        public static async Task<Monitored> StartAsync(RedisClusterFixture cluster)
        {
            var monitored = new Monitored(cluster.Connect());
            await monitored._monitor.StartAsync(default);
            return monitored;
        }

        public void BeginRound() => _time.Advance(TimeSpan.FromSeconds(2));

        public Task BecomesAsync(StorageLevel level) => Eventually.TrueAsync(
            () =>
            {
                BeginRound();
                Assert.Null(_monitor.ExecuteTask?.Exception);
                return Capacity.Level == level;
            },
            $"the level is {level}");

        public async Task<string?> HealthAsync() => (await _monitor.CheckHealthAsync(new HealthCheckContext())).Description;

        public async ValueTask DisposeAsync()
        {
            await _monitor.StopAsync(default);
            _monitor.Dispose();
            await _redis.DisposeAsync();
        }
    }

    private sealed class Logger(ConcurrentQueue<string> log) : ILogger<RedisConnectionMonitor>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Enqueue(formatter(state, exception));
    }

    private sealed class Silo : ILocalSiloDetails
    {
        public string Name => "silo";

        public string ClusterId => "blue";

        public string DnsHostName => "localhost";

        public SiloAddress SiloAddress => SiloAddress.Zero;

        public SiloAddress GatewayAddress => SiloAddress.Zero;
    }
}
