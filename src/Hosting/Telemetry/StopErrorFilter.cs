namespace SyncCluster.Hosting.Telemetry;

/// <summary>
/// Keeps a silo that stops from logging as an error, with a stack trace, that it can't address a message because no active silo is left. The message
/// is rejected, and its sender asks again until there is a silo. It is the only error that Orleans logs in this category.
/// </summary>
internal sealed class StopErrorFilter : HostedLifecycleService
{
    private const string Category = "Orleans.Messaging";

    private volatile bool _isStopping;

    public static void AddTo(ILoggingBuilder logging)
    {
        var filter = new StopErrorFilter();
        logging.Services.AddSingleton<IHostedService>(filter);
        logging.AddFilter(Category, level => level >= LogLevel.Warning && !(filter._isStopping && level == LogLevel.Error));
    }

    /// <inheritdoc/>
    public override Task StoppingAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        return Task.CompletedTask;
    }
}
