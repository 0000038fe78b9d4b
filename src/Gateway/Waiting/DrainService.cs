using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Waiting;

/// <summary>
/// Delays the stop of the web server while calls wait, for at most <see cref="WaitingOptions.DrainTime"/>. Otherwise the web server would refuse
/// connections at once, and load balancers could not read the 503 of <c>/health/ready</c>.
/// </summary>
internal sealed class DrainService(WaiterHub hub, IHostApplicationLifetime lifetime, TimeProvider timeProvider) : HostedLifecycleService
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    public override async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // A host that is stopped by a call, not by a signal, signals ApplicationStopping only after this method has returned.
        lifetime.StopApplication();
        using var timer = new PeriodicTimer(Tick, timeProvider);
        while (hub is { Waiters: > 0, IsDrained: false })
        {
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }
}
