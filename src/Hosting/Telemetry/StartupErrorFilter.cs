namespace SyncCluster.Hosting.Telemetry;

/// <summary>
/// Keeps the host and Orleans from logging, with a stack trace, why the server can't start: <see cref="ServerProcess"/> says it in a sentence.
/// </summary>
internal sealed class StartupErrorFilter : HostedLifecycleService
{
    private static readonly string[] Categories = ["Microsoft.Extensions.Hosting.Internal.Host", "Orleans.Runtime.SiloLifecycleSubject"];

    private volatile bool _hasStarted;

    public static void AddTo(ILoggingBuilder logging)
    {
        var filter = new StartupErrorFilter();
        logging.Services.AddSingleton<IHostedService>(filter);
        foreach (var category in Categories)
        {
            logging.AddFilter(category, level => level >= LogLevel.Warning && filter._hasStarted);
        }
    }

    /// <inheritdoc/>
    public override Task StartedAsync(CancellationToken cancellationToken)
    {
        _hasStarted = true;
        return Task.CompletedTask;
    }
}
