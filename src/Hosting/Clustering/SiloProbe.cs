using Microsoft.Extensions.Diagnostics.HealthChecks;
using SyncCluster.Jobs;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Asks the silos for a sign of life. A gateway that gets none for a while can't have any call answered, and is not ready. Whether Redis answers is no
/// matter of one gateway: all have the same, and to take all of them out of a balancer would not help.
/// </summary>
internal sealed partial class SiloProbe(IGrainFactory grains, TimeProvider timeProvider, ILogger<SiloProbe> logger) : PeriodicService(Interval, timeProvider), IHealthCheck
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>Longer than it takes to replace silos that have died, most of them at once included: until then gateways are needed as they are.</summary>
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(20);

    /// <summary>A job that can't exist: no customer may have this name. Its grain answers from memory.</summary>
    private readonly string _key = JobKey.Of("health", JobId.New());

    private long _answeredAt = timeProvider.GetTimestamp();
    private bool _isLogged;

    private TimeSpan Silence => TimeProvider.GetElapsedTime(Volatile.Read(ref _answeredAt));

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        Silence is var silence && silence > SilenceLimit
            ? HealthCheckResult.Unhealthy($"No silo has answered for {silence.TotalSeconds:F0} s.")
            : HealthCheckResult.Healthy());

    /// <inheritdoc/>
    protected override async Task RunAsync()
    {
        try
        {
            await grains.GetJob(_key).Follow(0);
            Volatile.Write(ref _answeredAt, TimeProvider.GetTimestamp());
            if (_isLogged)
            {
                LogAnswered();
            }

            _isLogged = false;
        }
        catch (Exception fault)
        {
            if (!_isLogged && Silence > SilenceLimit)
            {
                LogSilent(fault.Message);
                _isLogged = true;
            }
        }
    }
}
