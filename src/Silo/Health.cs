using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SyncCluster.Silo;

/// <summary>Whether the process lives, and whether it may be sent work.</summary>
public static class Health
{
    /// <summary>Checks with this tag decide on <c>/health/ready</c>.</summary>
    public const string ReadyTag = "ready";

    public static IHealthChecksBuilder AddHealth(this IServiceCollection services) =>
        services.AddHealthChecks().AddCheck<NotStopping>("not-stopping", tags: [ReadyTag]);

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
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
