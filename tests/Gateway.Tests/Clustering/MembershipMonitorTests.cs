using System.Net;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using StackExchange.Redis;
using SyncCluster.Gateway.Tests.Logging;
using SyncCluster.Harness;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>What a silo does about its row in the membership. There is no silo: the test writes the rows.</summary>
public sealed class MembershipMonitorTests : IAsyncLifetime
{
    private const string NotThere = "This silo is not in the cluster's membership in Redis.";
    private const string Other = "S127.0.0.1:11112:1";

    private static readonly RedisKey Key = RedisKeys.Members("blue");
    private static readonly SiloAddress Address = SiloAddress.New(IPAddress.Loopback, 11111, 1);
    private static readonly string Own = Address.ToString();

    private readonly RedisInProcess _server = new();
    private readonly ShiftedClock _clock = new();
    private readonly CapturedLog _log = new();
    private readonly ILoggerFactory _loggers;
    private readonly RedisConnection _redis;
    private readonly MembershipMonitor _monitor;

    public MembershipMonitorTests()
    {
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));
        _redis = new(new() { Redis = _server.Address });
        _monitor = new(
            _redis,
            new Silo(),
            Options.Create(new RedisClusteringOptions()),
            Options.Create(new ClusterOptions { ServiceId = "blue", ClusterId = "blue" }),
            _clock,
            _loggers.CreateLogger<MembershipMonitor>());
    }

    private IDatabase Database { get; set; } = null!;

    public async Task InitializeAsync() => Database = (await _redis.GetAsync()).GetDatabase();

    public async Task DisposeAsync()
    {
        await _monitor.StopAsync(CancellationToken.None);
        _monitor.Dispose();
        await _redis.DisposeAsync();
        _server.Dispose();
        _loggers.Dispose();
    }

    [Fact]
    public async Task A_silo_is_ready_only_with_its_row()
    {
        await WriteAsync(4, (Other, Row(1)));
        await _monitor.StartAsync(CancellationToken.None);
        await IsAsync(NotThere);
        await WriteAsync(5, (Own, Row(1)));
        await IsAsync(null);
    }

    [Fact]
    public async Task A_silo_whose_sign_of_life_is_not_taken_for_long_is_not_ready()
    {
        await StartAsync();
        _clock.Forward(TimeSpan.FromSeconds(10));
        await IsAsync(null);
        _clock.Forward(TimeSpan.FromSeconds(6));
        await IsAsync("Redis has taken no write of this silo for ");
        await WriteAsync(4, (Own, Row(2)));
        await IsAsync(null);
    }

    [Fact]
    public async Task A_lost_membership_is_restored_with_the_rows_of_all_silos()
    {
        await StartAsync();
        await Database.KeyDeleteAsync(Key);
        await BecomesAsync(("Version", "5"), (Own, Row(1)), (Other, Row(1)));
    }

    [Fact]
    public async Task A_row_that_is_lost_alone_is_restored()
    {
        await StartAsync();
        await Database.HashDeleteAsync(Key, Own);
        await BecomesAsync(("Version", "5"), (Own, Row(1)), (Other, Row(1)));
    }

    [Fact]
    public async Task A_row_that_another_silo_has_restored_while_this_one_joined_becomes_active_again_and_others_stay_as_they_are()
    {
        await StartAsync();
        await WriteAsync(9, (Own, Row(1, status: 2)), (Other, Row(7)));
        await BecomesAsync(("Version", "10"), (Own, Row(1)), (Other, Row(7)));
    }

    [Fact]
    public async Task A_silo_that_the_others_have_removed_does_not_come_back()
    {
        await StartAsync();
        var transaction = Database.CreateTransaction();
        _ = transaction.HashDeleteAsync(Key, Own);
        _ = transaction.HashSetAsync(Key, "Version", "5");
        await transaction.ExecuteAsync();
        await Eventually.TrueAsync(() => _log.Events.Any(logged => logged.Id == 3143), "it is logged");
        await IsAsync(NotThere);
        await BecomesAsync(("Version", "5"), (Other, Row(1)));
    }

    private static string Row(int alive, int status = 3) =>
        $$"""{"Status":{{status}},"IAmAliveTime":"2026-11-26T00:00:{{alive:00}}Z"}""";

    private async Task StartAsync()
    {
        await WriteAsync(4, (Own, Row(1)), (Other, Row(1)));
        await _monitor.StartAsync(CancellationToken.None);
        await IsAsync(null);
    }

    private Task WriteAsync(int version, params (string Silo, string Row)[] rows) =>
        Database.HashSetAsync(Key, [new("Version", $"{version}"), .. rows.Select(row => new HashEntry(row.Silo, row.Row))]);

    /// <param name="reason">Why the silo is not ready; null if it is.</param>
    private Task IsAsync(string? reason) => Eventually.TrueAsync(
        async () => await _monitor.CheckHealthAsync(new()) is var health && reason is null
            ? health.Status == HealthStatus.Healthy
            : health.Description?.StartsWith(reason!, StringComparison.Ordinal) == true,
        reason ?? "the silo is ready");

    private Task BecomesAsync(params (string Field, string Value)[] fields) => Eventually.TrueAsync(
        async () => (await Database.HashGetAllAsync(Key)).Select(field => ($"{field.Name}", $"{field.Value}")).ToHashSet().SetEquals(fields),
        "the membership is as it should be");

    private sealed class Silo : ILocalSiloDetails
    {
        public string Name => "silo";

        public string ClusterId => "blue";

        public string DnsHostName => "localhost";

        public SiloAddress SiloAddress => Address;

        public SiloAddress GatewayAddress => Address;
    }
}
