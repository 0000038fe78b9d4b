using System.Reflection;
using System.Text.Json.Serialization;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Silo;

namespace SyncCluster.Gateway.Status;

/// <summary>What is up, and whether it may be sent requests.</summary>
internal static class StatusEndpoints
{
    public static void MapStatus(this IEndpointRouteBuilder routes)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        var version = typeof(StatusEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
        routes.MapGet("/api/status", (WaiterHub hub) => TypedResults.Json(
                new ServiceStatus("SyncCluster", version, Math.Round(TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds, 3), hub.Waiters),
                StatusJson.Default.ServiceStatus))
            .WithTags("Status")
            .WithName("Status")
            .WithSummary("Name, version, uptime in seconds, and how many requests wait for a job");
        routes.MapHealth();
    }
}

/// <param name="Name">Always <c>SyncCluster</c>.</param>
/// <param name="Version">Of the running program.</param>
/// <param name="Uptime">Seconds since the start.</param>
/// <param name="Waiting">Requests that wait for a job at this gateway.</param>
internal sealed record ServiceStatus(string Name, string Version, double Uptime, int Waiting);

[JsonSerializable(typeof(ServiceStatus))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class StatusJson : JsonSerializerContext;
