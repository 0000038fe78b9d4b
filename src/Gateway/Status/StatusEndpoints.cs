using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SyncCluster.Gateway.Status;

/// <summary>What is up, and whether it may be sent requests.</summary>
internal static class StatusEndpoints
{
    private const string ReadyTag = "ready";

    public static IServiceCollection AddStatus(this IServiceCollection services)
    {
        services.AddHealthChecks().AddCheck<NotStopping>("not-stopping", tags: [ReadyTag]);
        return services;
    }

    public static void MapStatus(this IEndpointRouteBuilder routes)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        var version = typeof(StatusEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
        routes.MapGet("/api/status", () => TypedResults.Json(
                new ServiceStatus("SyncCluster", version, Math.Round(TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds, 3)),
                StatusJson.Default.ServiceStatus))
            .WithTags("Status")
            .WithName("Status")
            .WithSummary("Name, version and uptime in seconds");
        routes.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync })
            .WithTags("Status").WithName("Live").WithSummary("200 while the process runs");
        routes.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(ReadyTag), ResponseWriter = WriteAsync })
            .WithTags("Status").WithName("Ready").WithSummary("200 while the server takes calls, 503 while it stops");
    }

    private static Task WriteAsync(HttpContext http, HealthReport report)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        return http.Response.WriteAsync($$"""{"status":"{{JsonEncodedText.Encode(report.Status.ToString().ToLowerInvariant())}}"}""");
    }

    /// <summary>A server that was told to stop finishes what it has and takes nothing new.</summary>
    private sealed class NotStopping(IHostApplicationLifetime lifetime) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
            lifetime.ApplicationStopping.IsCancellationRequested ? HealthCheckResult.Unhealthy("stopping") : HealthCheckResult.Healthy());
    }
}

/// <param name="Name">Always <c>SyncCluster</c>.</param>
/// <param name="Version">Of the running program.</param>
/// <param name="Uptime">Seconds since the start.</param>
internal sealed record ServiceStatus(string Name, string Version, double Uptime);

[JsonSerializable(typeof(ServiceStatus))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class StatusJson : JsonSerializerContext;
