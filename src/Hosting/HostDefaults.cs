using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Hosting.Connections;
using SyncCluster.Hosting.Telemetry;
using SyncCluster.Jobs;

namespace SyncCluster.Hosting;

/// <summary>What the host of a silo and the host of a gateway have in common.</summary>
public static class HostDefaults
{
    /// <summary>Adds defaults below every other source of configuration, and files with secrets above; keeps request addresses out of the log.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="service">What the server is, as its metrics say it.</param>
    /// <param name="url">The default address to listen at.</param>
    public static void AddDefaults(this WebApplicationBuilder builder, string service, string url)
    {
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = [new("urls", url), .. LoggingDefaults.Levels, .. LoggingDefaults.FormatOf(builder.Configuration)],
        });
        builder.Configuration.AddSecretsFolder();
        builder.AddTelemetry(service);
        builder.Services.AddSingleton(services => LoggingDefaults.JobEventsOf(services));
        builder.Services.TryAddSingleton<JobEvents>();
        builder.Services.AddHostedService<ConfigurationFileMonitor>();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<AuditLog>();
        BatchingConsoleLoggerProvider.AddTo(builder.Logging);
        builder.Logging.HideAddresses();
        StartupErrorFilter.AddTo(builder.Logging);
        StopErrorFilter.AddTo(builder.Logging);
        builder.Services.AddOpenConnections();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // What a client has sent and no one has read yet takes that much memory at most; a header may have half of it.
            kestrel.Limits.MaxRequestBufferSize = 64 << 10;
        });
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<ConnectionOptions>>(
            (kestrel, connections) => kestrel.Limits.Http2.MaxStreamsPerConnection = connections.Value.StreamsPerConnection);
        builder.ConfigureAddresses(_ => { });
    }

    /// <summary>Has Kestrel listen at one more address. It ignores <c>urls</c> where <c>Kestrel:Endpoints</c> has any.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="name">What the address is for, as a name of an endpoint.</param>
    /// <param name="url">The address.</param>
    internal static void ListenAlso(this WebApplicationBuilder builder, string name, string url)
    {
        var configuration = builder.Configuration;
        var setting = configuration.GetSection("Kestrel:Endpoints").GetChildren().Any()
            ? KeyValuePair.Create<string, string?>($"Kestrel:Endpoints:{name}:Url", url)
            : KeyValuePair.Create<string, string?>(WebHostDefaults.ServerUrlsKey, $"{configuration[WebHostDefaults.ServerUrlsKey]};{url}");
        configuration.Sources.Add(new MemoryConfigurationSource { InitialData = [setting] });
    }

    /// <summary>Does something to each address that the web server listens at, in place of what was done before; their connections are counted in any case.</summary>
    internal static void ConfigureAddresses(this WebApplicationBuilder builder, Action<ListenOptions> configure) =>
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(address =>
        {
            configure(address);
            address.ApplicationServices.GetRequiredService<OpenConnections>().AddTo(address);
        }));
}
