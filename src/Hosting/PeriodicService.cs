namespace SyncCluster.Hosting;

/// <summary>A hosted service that does the same at once, and again after each interval, until the host stops.</summary>
/// <param name="interval">The time from one round to the next.</param>
/// <param name="timeProvider">The clock of the interval.</param>
internal abstract class PeriodicService(TimeSpan interval, TimeProvider timeProvider) : BackgroundService
{
    /// <summary>The clock of the interval.</summary>
    protected TimeProvider TimeProvider { get; } = timeProvider;

    /// <summary>One round. A fault that it throws ends the host.</summary>
    protected abstract Task RunAsync();

    /// <inheritdoc/>
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, TimeProvider);
        try
        {
            do
            {
                await RunAsync();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }
}
