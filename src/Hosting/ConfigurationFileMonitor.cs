namespace SyncCluster.Hosting;

/// <summary>
/// Logs that a changed file of the configuration can't be read, which the framework does not tell. What the file had said before then stays in force
/// where it was read already.
/// </summary>
internal sealed partial class ConfigurationFileMonitor(IConfiguration configuration, ILogger<ConfigurationFileMonitor> logger) : HostedLifecycleService
{
    /// <inheritdoc/>
    public override Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (var source in ((IConfigurationRoot)configuration).Providers.OfType<FileConfigurationProvider>().Select(provider => provider.Source))
        {
            source.OnLoadException = unreadable => LogUnreadable(unreadable.Provider.Source.Path, unreadable.Exception.GetBaseException().Message);
        }

        return Task.CompletedTask;
    }
}
