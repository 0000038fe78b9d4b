using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using SyncCluster.Gateway.Tests.Logging;
using SyncCluster.Harness;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>A machine whose clock is not that of Redis.</summary>
public sealed class ClockMonitorTests : IAsyncLifetime
{
    private readonly RedisInProcess _server = new();
    private readonly ShiftedClock _machine = new();
    private readonly CapturedLog _log = new();
    private readonly ILoggerFactory _loggers;
    private readonly RedisConnection _redis;
    private readonly ClusterClock _clock;
    private readonly RecordedMetrics _recorded = new();
    private readonly ClockMonitor _monitor;

    public ClockMonitorTests()
    {
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));
        _redis = new(new() { Redis = _server.Address });
        _clock = new(_machine);
        _monitor = new(_redis, _clock, _recorded.Metrics, _loggers.CreateLogger<ClockMonitor>());
    }

    public async Task InitializeAsync() => await _redis.GetAsync();

    public async Task DisposeAsync()
    {
        await _monitor.StopAsync(CancellationToken.None);
        _monitor.Dispose();
        await _redis.DisposeAsync();
        _server.Dispose();
        _loggers.Dispose();
        _recorded.Dispose();
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(2.5, LogLevel.Warning)]
    [InlineData(-2.5, LogLevel.Warning)]
    [InlineData(3.5, LogLevel.Error)]
    [InlineData(-3.5, LogLevel.Error)]
    public async Task A_clock_that_is_off_is_corrected_at_the_start_and_logged_and_above_3_s_its_silo_is_not_ready(double ahead, LogLevel? logged)
    {
        _machine.ForwardDate(TimeSpan.FromSeconds(ahead));
        await _monitor.StartingAsync(CancellationToken.None);
        Assert.InRange((_clock.GetUtcNow() - TimeProvider.System.GetUtcNow()).TotalSeconds, -0.5, 0.5);
        Assert.Equal(logged == LogLevel.Error ? HealthStatus.Unhealthy : HealthStatus.Healthy, (await _monitor.CheckHealthAsync(new())).Status);
        Assert.InRange(_recorded.Take("synccluster.clock.skew"), -ahead - 0.5, -ahead + 0.5);
        Assert.Equal(logged, _log.Events.SingleOrDefault()?.Level);
        Assert.Equal(logged is null ? null : ahead > 0 ? "ahead of" : "behind", _log.Events.SingleOrDefault()?.Values["Direction"]);
    }

    [Fact]
    public async Task What_becomes_of_the_clock_is_followed_and_each_change_logged_once()
    {
        await _monitor.StartAsync(CancellationToken.None);
        _machine.ForwardDate(TimeSpan.FromSeconds(10));
        await Eventually.TrueAsync(async () => (await _monitor.CheckHealthAsync(new())).Status == HealthStatus.Unhealthy, "the silo is not ready");
        _machine.ForwardDate(TimeSpan.FromSeconds(-10));
        await Eventually.TrueAsync(async () => (await _monitor.CheckHealthAsync(new())).Status == HealthStatus.Healthy, "the silo is ready");
        await Eventually.TrueAsync(() => _log.Events.Count == 2, "both are logged");
        Assert.Equal([LogLevel.Error, LogLevel.Information], _log.Events.Select(logged => logged.Level));
    }
}
