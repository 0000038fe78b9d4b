using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace SyncCluster.Telemetry;

internal static class TelemetryServices
{
    /// <summary>Adds the instruments. What sends or shows their values is the host's concern.</summary>
    public static void AddServerMetrics(this IServiceCollection services)
    {
        services.AddMetrics();
        services.TryAddSingleton<ServerMetrics>();
    }
}
