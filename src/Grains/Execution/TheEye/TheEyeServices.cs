using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using SyncCluster.Settings;
using SyncCluster.Telemetry;

namespace SyncCluster.Execution.TheEye;

/// <summary>Registers the clients of TheEye, and the executor that has it run the jobs.</summary>
internal static class TheEyeServices
{
    /// <summary>More than a busy silo needs at once. Further requests wait for a free connection.</summary>
    private const int Connections = 512;

    /// <summary>Adds the executor that has TheEye run the silo's jobs.</summary>
    public static void AddTheEyeExecutor(this IServiceCollection services)
    {
        services.AddTheEye();
        services.AddSingleton<CompletionListener>();
        services.AddSingleton<SupervisorRequests>();
        services.AddSingleton<CompletionReporter>();
        services.AddSingleton<JobReleaser>();
        services.AddSingleton<JobChecker>();
        services.AddSingleton<JobMonitor>();
        services.AddExecutor<TheEyeExecutor>();
        services.AddOptions<HostOptions>().PostConfigure<IOptions<TheEyeOptions>>((host, options) =>
            host.ShutdownTimeout += JobReleaser.Window + options.Value.RequestTimeout);
    }

    /// <summary>Adds the client of TheEye's supervisor, once if gateway and silo share the process.</summary>
    public static void AddTheEye(this IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(SupervisorClient)))
        {
            return;
        }

        services.AddValidatedOptions<TheEyeOptions, TheEyeOptionsValidator>(TheEyeOptions.Section);

        // Of what is read again, only the service tokens are used.
        services.AddReloadedOptions(new ReloadRule<TheEyeOptions>(
            $"{TheEyeOptions.Section}:{nameof(TheEyeOptions.ServiceTokens)}",
            (current, changed) => current.ServiceTokens.Count > 0 && changed.ServiceTokens.Count == 0 ? "There is no token left." : null));
        services.AddServerMetrics();
        services.AddTheEyeClient(SupervisorClient.ClientName);
        services.AddSingleton<SupervisorClient>();
    }

    /// <summary>Adds what sends the requests to one of TheEye's programs, for <see cref="TheEyeHttp"/>.</summary>
    public static void AddTheEyeClient(this IServiceCollection services, string name)
    {
        services.AddHttpClient(name)
            .UseSocketsHttpHandler((handler, provider) =>
            {
                // Before a request's own limit: a request that found no connection was not sent, one without an answer may have been.
                handler.ConnectTimeout = provider.GetRequiredService<IOptions<TheEyeOptions>>().Value.RequestTimeout / 2;
                handler.AllowAutoRedirect = false;
                handler.AutomaticDecompression = DecompressionMethods.GZip;
                handler.MaxConnectionsPerServer = Connections;
                handler.UseCookies = false;

                // DNS may change.
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(2);
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)

            // The framework's loggers would log addresses, which contain tokens.
            .RemoveAllLoggers();
    }
}
