using Microsoft.Extensions.Configuration.Memory;
using SyncCluster.Hosting.Telemetry;

namespace SyncCluster.Hosting;

/// <summary>What the host of a silo and the host of a gateway have in common.</summary>
public static class HostDefaults
{
    /// <summary>Adds defaults below every other source of configuration, and keeps request addresses out of the log.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="url">The default address to listen at.</param>
    public static void AddDefaults(this WebApplicationBuilder builder, string url)
    {
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = [new("urls", url), .. LoggingDefaults.Levels] });
        builder.Logging.HideAddresses();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
    }
}
