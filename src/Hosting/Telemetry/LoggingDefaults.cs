using SyncCluster.Execution.Local;
using SyncCluster.Quotas;

namespace SyncCluster.Hosting.Telemetry;

/// <summary>What is logged unless the configuration says otherwise, and what is never logged.</summary>
internal static class LoggingDefaults
{
    /// <summary>The default levels, as configuration.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> Levels =>
    [
        Level("Default", LogLevel.Information),
        Level("Microsoft", LogLevel.Warning),
        Level("Orleans", LogLevel.Warning),
        Level("Polly", LogLevel.Warning),

        // It warns at every start that a thread has not run since the machine was booted.
        Level("Orleans.Runtime.Watchdog", LogLevel.Error),

        // It warns at every start where the garbage collector is not the server's, as on a machine with one core.
        Level("Orleans.Runtime.Silo", LogLevel.Error),

        // It logs each answer of a probe. What makes a server unready is logged once, by what has found it.
        Level("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.Critical),

        // ClusterConnectionRetryFilter already logs that the cluster has no silo.
        Level("Orleans.Messaging.GatewayManager", LogLevel.Error),

        // Orleans logs the hash ring in the category of each grain service.
        Level(typeof(RunnerService).FullName!, LogLevel.Warning),
        Level(typeof(SiloInventory).FullName!, LogLevel.Warning),
    ];

    /// <summary>Keeps request addresses out of the log, whatever the configuration says: they may contain tokens and secrets.</summary>
    public static void HideAddresses(this ILoggingBuilder logging)
    {
        // Below Warning the web server logs addresses with their queries.
        foreach (var area in (string[])["Hosting", "Routing", "Server", "Http"])
        {
            logging.AddFilter($"Microsoft.AspNetCore.{area}", LogLevel.Warning);
        }

        // This category adds the path to the scope of every message.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
    }

    private static KeyValuePair<string, string?> Level(string category, LogLevel level) => new($"Logging:LogLevel:{category}", level.ToString());
}
