namespace SyncCluster.Hosting.Telemetry;

/// <summary>
/// Keeps a silo that stops from logging as an error, with a stack trace, that it can't address a message, because no active silo is left or gateways
/// are out of its reach. The message is rejected; its sender logs that where it matters, and asks again until there is a silo. Nor does it log that
/// its question where gateways are was canceled by the stop, or that the silo that it asked has stopped.
/// </summary>
internal sealed class StopErrorFilter : HostedLifecycleService
{
    /// <summary>Those messages are the first one's only errors. The second one is of Orleans' attempts to find a silo for them.</summary>
    private static readonly string[] Categories = ["Orleans.Messaging", "Polly", "Orleans.Runtime.GrainDirectory.ClientDirectory"];

    private volatile bool _isStopping;

    public static void AddTo(ILoggingBuilder logging)
    {
        var filter = new StopErrorFilter();
        logging.Services.AddSingleton<IHostedService>(filter);
        foreach (var category in Categories)
        {
            logging.AddFilter(category, level => level >= LogLevel.Warning && !(filter._isStopping && level == LogLevel.Error));
        }
    }

    /// <inheritdoc/>
    public override Task StoppingAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        return Task.CompletedTask;
    }
}
