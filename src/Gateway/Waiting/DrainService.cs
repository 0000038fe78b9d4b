namespace SyncCluster.Gateway.Waiting;

/// <summary>
/// Keeps a server that was told to stop listening while requests wait, for <see cref="WaitingOptions.DrainTime"/> at most. Otherwise the web server
/// would refuse connections at once, and <c>/health/ready</c> could not tell a load balancer.
/// </summary>
internal sealed class DrainService(WaiterHub hub, IHostApplicationLifetime lifetime, TimeProvider timeProvider) : IHostedLifecycleService
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // A host that is stopped by a call, and not by a signal, raises ApplicationStopping only after this has returned.
        lifetime.StopApplication();
        using var timer = new PeriodicTimer(Tick, timeProvider);
        while (hub is { Waiters: > 0, IsDrained: false })
        {
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
