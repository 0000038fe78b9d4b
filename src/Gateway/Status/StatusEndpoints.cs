using System.Reflection;
using System.Text;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using SyncCluster.Gateway.Docs;
using SyncCluster.Gateway.Http;

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
        var status = routes.MapGroup("").WithTags("Status");
        status.MapGet("/api/status", () => TypedResults.Json(
                new ServiceStatus("SyncCluster", version, Math.Round(TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds, 3)),
                StatusJson.Default.ServiceStatus))
            .WithName("Status")
            .WithSummary("Name, version and uptime")
            .WithDescription("Which program this is, and for how many seconds it has been up.")
            .Answers(new GivenAnswer("200", "The status", "ServiceStatus", "status"));

        // The framework's MapHealthChecks takes every method and is not described to OpenAPI. Load balancers ask with HEAD, too.
        string[] methods = [HttpMethods.Get, HttpMethods.Head];
        status.MapMethods("/health/live", methods, (HealthCheckService checks) => CheckAsync(checks, _ => false))
            .WithName("Live")
            .WithSummary("Whether the process runs")
            .WithDescription("Always 200: who gets no answer knows.")
            .Answers(new GivenAnswer("200", "It runs", "Health", "healthy"));
        status.MapMethods("/health/ready", methods, (HealthCheckService checks) => CheckAsync(checks, check => check.Tags.Contains(ReadyTag)))
            .WithName("Ready")
            .WithSummary("Whether the server takes calls")
            .WithDescription("200 while the server takes calls, 503 while it stops.")
            .Answers(new GivenAnswer("200", "It takes calls", "Health", "healthy"), new GivenAnswer("503", "It stops", "Health", "unhealthy"));
    }

    private static async Task<IResult> CheckAsync(HealthCheckService checks, Func<HealthCheckRegistration, bool> predicate)
    {
        var status = (await checks.CheckHealthAsync(predicate)).Status;
        return new JsonBytes(
            status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK,
            Encoding.UTF8.GetBytes($$"""{"status":"{{status.ToString().ToLowerInvariant()}}"}"""));
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
