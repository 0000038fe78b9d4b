using Microsoft.Extensions.Configuration.Memory;
using SyncCluster.Execution.Local;
using SyncCluster.Quotas;

namespace SyncCluster.Hosting;

/// <summary>What the host of a silo and the host of a gateway have in common.</summary>
public static class HostDefaults
{
    /// <summary>Adds defaults below every other source of configuration, and keeps request addresses out of the log.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="url">The default address to listen at.</param>
    public static void AddDefaults(this WebApplicationBuilder builder, string url)
    {
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                ["urls"] = url,
                ["Logging:LogLevel:Default"] = "Information",
                ["Logging:LogLevel:Microsoft"] = "Warning",
                ["Logging:LogLevel:Orleans"] = "Warning",
                ["Logging:LogLevel:Polly"] = "Warning",

                // It warns at every start that a thread has not run since the machine was booted.
                ["Logging:LogLevel:Orleans.Runtime.Watchdog"] = "Error",

                // ClusterConnectionRetryFilter already logs that the cluster has no silo.
                ["Logging:LogLevel:Orleans.Messaging.GatewayManager"] = "Error",

                // Orleans logs the hash ring in the category of each grain service.
                [$"Logging:LogLevel:{typeof(RunnerService).FullName}"] = "Warning",
                [$"Logging:LogLevel:{typeof(SiloInventory).FullName}"] = "Warning",
            },
        });

        // Below Warning the web server logs addresses with their queries, which may contain tokens.
        foreach (var area in (string[])["Hosting", "Routing", "Server", "Http"])
        {
            builder.Logging.AddFilter($"Microsoft.AspNetCore.{area}", LogLevel.Warning);
        }

        // This category adds the path, which may contain a secret, to the scope of every message.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
    }
}
