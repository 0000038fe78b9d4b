using Microsoft.Extensions.Diagnostics.HealthChecks;
using SyncCluster.Telemetry;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Compares the machine's clock with that of Redis, corrects the <see cref="ClusterClock"/> by it, and logs a clock that is wrong. Messages and records
/// have the corrected time. Orleans' membership has not: a silo whose clock is ahead takes healthy silos for stale, and declares them dead by its
/// own vote. A silo with such a clock is therefore not ready.
/// </summary>
internal sealed partial class ClockMonitor(RedisConnection redis, ClusterClock clock, ServerMetrics metrics, ILogger<ClockMonitor> logger)
    : PeriodicService(Interval, clock), IHostedLifecycleService, IHealthCheck
{
    private const int FirstTries = 5;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>
    /// A slower answer says too little: the offset is wrong by up to half of this. With twice that, a submit is valid for longer than its call may take
    /// (3 s), and for less than a client waits before it asks for a job whose outcome is unknown (5 s).
    /// </summary>
    private static readonly TimeSpan SlowestAnswer = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Silos write into the membership every 3 s that they are alive, and count as stale after 9 s: two clocks, each off by this limit, do not yet make
    /// a healthy silo stale.
    /// </summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private LogLevel _logged = LogLevel.Information;

    /// <summary>Measures before anything is sent or received.</summary>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        metrics.ObserveClockSkew(() => clock.Offset);
        for (var tries = 0; tries < FirstTries && !await MeasureAsync(); tries++)
        {
            await Task.Delay(SlowestAnswer, clock, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        SeverityOf(clock.Offset) == LogLevel.Error
            ? HealthCheckResult.Unhealthy(FormattableString.Invariant(
                $"The clock of this machine and that of Redis differ by {clock.Offset.Duration().TotalSeconds:F1} s; {Limit.TotalSeconds} s are allowed."))
            : HealthCheckResult.Healthy());

    Task IHostedLifecycleService.StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    protected override Task RunAsync() => MeasureAsync();

    private static LogLevel SeverityOf(TimeSpan offset) =>
        offset.Duration() > Limit ? LogLevel.Error : offset.Duration() > Noticeable ? LogLevel.Warning : LogLevel.Information;

    /// <returns>False: Redis did not answer, or too slowly.</returns>
    private async Task<bool> MeasureAsync()
    {
        try
        {
            var begun = clock.GetTimestamp();
            var machine = clock.GetUtcNow() - clock.Offset;
            var answer = await redis.ReadTimeAsync();
            var elapsed = clock.GetElapsedTime(begun);
            if (answer is not { } time || elapsed > SlowestAnswer)
            {
                return false;
            }

            clock.Offset = time - machine - (elapsed / 2);
            Log();
            return true;
        }
        catch (Exception fault) when (RedisConnection.IsFailure(fault))
        {
            return false;
        }
    }

    /// <summary>Logs when it becomes worse or better.</summary>
    private void Log()
    {
        var severity = SeverityOf(clock.Offset);
        if (severity == _logged)
        {
            return;
        }

        _logged = severity;
        if (severity == LogLevel.Information)
        {
            LogRight();
            return;
        }

        var seconds = clock.Offset.Duration().TotalSeconds;
        var direction = clock.Offset > TimeSpan.Zero ? "behind" : "ahead of";
        LogSkew(severity, seconds, direction);
    }
}
