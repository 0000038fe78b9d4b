using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using SyncCluster.Doors;
using SyncCluster.Execution.Local;
using SyncCluster.Jobs;
using SyncCluster.Overview;
using SyncCluster.Quotas;
using SyncCluster.Tasks;

namespace SyncCluster.Hosting.Telemetry;

/// <summary>What is logged unless the configuration says otherwise, and what is never logged.</summary>
internal static class LoggingDefaults
{
    private const string Formatter = "Logging:Console:FormatterName";
    private const string FormatterOptions = "Logging:Console:FormatterOptions";
    private const string Scopes = $"{FormatterOptions}:IncludeScopes";

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
        Level(typeof(JobDoor).FullName!, LogLevel.Warning),
        Level(typeof(TaskRevisionService).FullName!, LogLevel.Warning),
        Level(typeof(SiloOperator).FullName!, LogLevel.Warning),
    ];

    /// <summary>What a log in JSON has beside its messages, as configuration: the time, and scopes. The scopes have the ids of the trace.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> FormatOf(IConfiguration configuration) =>
        configuration[Formatter] is ConsoleFormatterNames.Json ?
        [
            new(Scopes, bool.TrueString),
            new($"{FormatterOptions}:UseUtcTimestamp", bool.TrueString),
            new($"{FormatterOptions}:TimestampFormat", "yyyy-MM-ddTHH:mm:ss.fffZ"),
        ]
        : [];

    /// <summary>How jobs are logged.</summary>
    public static JobEventOptions JobEventsOf(IServiceProvider services) => new()
    {
        Level = services.GetRequiredService<IOptions<TelemetryOptions>>().Value.JobEvents,
        HasScopes = services.GetRequiredService<IConfiguration>().GetValue<bool>(Scopes),
    };

    /// <summary>
    /// Keeps request addresses out of the log, whatever the configuration says: they may contain tokens and secrets. It is a part of every rule,
    /// since a rule of the configuration for one provider, or for a longer category, would count in place of one of ours.
    /// </summary>
    public static void HideAddresses(this ILoggingBuilder logging) => logging.Services.PostConfigure<LoggerFilterOptions>(options =>
    {
        LoggerFilterRule[] rules = [new(null, null, options.MinLevel, null), .. options.Rules];
        options.Rules.Clear();
        foreach (var rule in rules)
        {
            options.Rules.Add(new(
                rule.ProviderName,
                rule.CategoryName,
                rule.LogLevel,
                (provider, category, level) => !IsWithAddress(category, level) && (rule.Filter?.Invoke(provider, category, level) ?? true)));
        }
    });

    /// <summary>
    /// The web server logs addresses with their queries below Warning. One category adds the path to the scope of every message of any level.
    /// </summary>
    private static bool IsWithAddress(string? category, LogLevel level) =>
        category?.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal) == true
        && (level < LogLevel.Warning || category == "Microsoft.AspNetCore.Hosting.Diagnostics");

    private static KeyValuePair<string, string?> Level(string category, LogLevel level) => new($"Logging:LogLevel:{category}", level.ToString());
}
