using System.Text.Json.Serialization;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Overview;

namespace SyncCluster.Gateway.Api.Status;

/// <summary>The status of the gateway, and its health.</summary>
internal static class StatusApi
{
    /// <summary>Of TheEye's supervisor: its clients look for it.</summary>
    private const string TheEyeVersion = "4.15.3";

    private static long _startedAt;

    /// <summary>The status of this gateway now.</summary>
    public static ServiceStatus StatusOf(WaiterHub hub) => new(
        "SyncCluster", ProductVersion.Text, Math.Round(TimeProvider.System.GetElapsedTime(_startedAt).TotalSeconds, 3), hub.Waiters, "ok", TheEyeVersion);

    public static void MapStatusApi(this IEndpointRouteBuilder routes)
    {
        _startedAt = TimeProvider.System.GetTimestamp();
        var status = routes.MapGroup("").WithTags("Status");
        status.MapGet("/api/status", (WaiterHub hub) => TypedResults.Json(StatusOf(hub), StatusJson.Default.ServiceStatus))
            .WithName("Status")
            .WithSummary("Name, version, uptime and waiting requests")
            .WithDescription("Which program this is, for how many seconds it has been up, and how many requests wait for a job here.")
            .ProducesAnswers(new ProducedAnswer("200", "The status", "ServiceStatus", "status"));

        status.MapLiveness()
            .WithName("Live")
            .WithSummary("Whether the process runs")
            .WithDescription("Always 200 while the process answers.")
            .ProducesAnswers(new ProducedAnswer("200", "It runs", "Health", "healthy"));
        status.MapReadiness()
            .WithName("Ready")
            .WithSummary("Whether the server takes calls")
            .WithDescription("200 while the server takes calls, 503 with the reasons while it stops or can have none answered.")
            .ProducesAnswers(new ProducedAnswer("200", "It takes calls", "Health", "healthy"), new ProducedAnswer("503", "It takes none", "Health", "unhealthy"));
    }
}

/// <param name="Name">Always <c>SyncCluster</c>.</param>
/// <param name="Version">Of the running program.</param>
/// <param name="Uptime">Seconds since the start.</param>
/// <param name="Waiting">Requests that wait for a job at this gateway.</param>
/// <param name="Status">Always <c>ok</c>.</param>
/// <param name="TheEyeVersion">The version of TheEye's supervisor whose API this server speaks.</param>
internal sealed record ServiceStatus(
    string Name, string Version, double Uptime, int Waiting, string Status, [property: JsonPropertyName("theeye_version")] string TheEyeVersion);

[JsonSerializable(typeof(ServiceStatus))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class StatusJson : JsonSerializerContext;
