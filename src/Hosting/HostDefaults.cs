using Microsoft.Extensions.Configuration.Memory;

namespace SyncCluster.Hosting;

/// <summary>What a silo's and a gateway's host have in common.</summary>
public static class HostDefaults
{
    /// <summary>Puts the defaults below every other source of configuration, and keeps addresses out of the log.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="url">Where it listens unless it is told otherwise.</param>
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

                // What it says of a cluster without silos, ClusterHosting says too; what grain services say of the ring is of no use here.
                ["Logging:LogLevel:Orleans.Messaging.GatewayManager"] = "Error",
                ["Logging:LogLevel:SyncCluster.Execution.Local.JobRunner"] = "Warning",
            },
        });

        // Below the level Warning the web server logs addresses with their query, tokens in it.
        foreach (var category in (string[])["Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Routing", "Microsoft.AspNetCore.Server", "Microsoft.AspNetCore.Http"])
        {
            builder.Logging.AddFilter(category, LogLevel.Warning);
        }

        // And this one puts the path, in which a secret may be, into the scope of every line.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
    }
}
