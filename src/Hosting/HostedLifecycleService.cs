namespace SyncCluster.Hosting;

/// <summary>
/// A hosted service that acts before all others start, after all have, or before any stops. A derived class overrides the phase that it needs; the others do nothing.
/// </summary>
internal abstract class HostedLifecycleService : IHostedLifecycleService
{
    /// <inheritdoc/>
    public virtual Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public virtual Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public virtual Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
