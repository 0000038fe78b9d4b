using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SyncCluster.Hosting;

/// <summary>The health checks of a process, its two probes over HTTP, and the command that asks a probe.</summary>
public static class Health
{
    /// <summary>Checks with this tag decide on readiness.</summary>
    public const string ReadyTag = "ready";

    public static IHealthChecksBuilder AddHealth(this IServiceCollection services) =>
        services.AddHealthChecks().AddCheck<NotStopping>("not-stopping", tags: [ReadyTag]);

    /// <summary>Adds a service that watches something all the time, and says whether the process is ready as far as that goes.</summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="name">The name of the check.</param>
    internal static void AddMonitor<T>(this IServiceCollection services, string name)
        where T : class, IHostedService, IHealthCheck
    {
        services.AddSingleton<T>();
        services.AddHostedService(provider => provider.GetRequiredService<T>());
        services.AddHealthChecks().AddCheck<T>(name, tags: [ReadyTag]);
    }

    /// <summary>Maps <c>/health/live</c>: 200 as long as the process answers.</summary>
    public static IEndpointConventionBuilder MapLiveness(this IEndpointRouteBuilder routes) =>
        routes.MapProbe("/health/live", _ => false);

    /// <summary>Maps <c>/health/ready</c>: 200 while the process accepts work, 503 otherwise.</summary>
    public static IEndpointConventionBuilder MapReadiness(this IEndpointRouteBuilder routes) =>
        routes.MapProbe("/health/ready", check => check.Tags.Contains(ReadyTag));

    /// <summary>The <c>health</c> command, for containers without an HTTP client.</summary>
    /// <returns>The exit code: 0 while the process at the address accepts work, otherwise 1.</returns>
    public static async Task<int> ProbeAsync(string address)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(3) };
        try
        {
            using var response = await http.GetAsync(new Uri(new Uri(address), "/health/ready"));
            if (response.IsSuccessStatusCode)
            {
                return 0;
            }

            await Console.Error.WriteLineAsync(await response.Content.ReadAsStringAsync());
            return 1;
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException or UriFormatException)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return 1;
        }
    }

    private static IEndpointConventionBuilder MapProbe(this IEndpointRouteBuilder routes, string path, Func<HealthCheckRegistration, bool> checks) =>
        routes.MapHealthChecks(path, new HealthCheckOptions { Predicate = checks, ResponseWriter = WriteAsync, AllowCachingResponses = true })
            .WithMetadata(

                // The framework's probe accepts every method. Load balancers use HEAD as well as GET.
                new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]),

                // ApiExplorer, and so the OpenAPI document, skips endpoints without a MethodInfo.
                typeof(RequestDelegate).GetMethod(nameof(RequestDelegate.Invoke))!);

    private static Task WriteAsync(HttpContext http, HealthReport report)
    {
        // Replaces the framework's three headers, two of which only repeat this for HTTP/1.0.
        http.Response.Headers.CacheControl = "no-store";
        var reasons = report.Entries.Values.Select(entry => entry.Description).OfType<string>().ToArray();
        var answer = new HealthAnswer(report.Status.ToString().ToLowerInvariant(), reasons.Length > 0 ? reasons : null);

        // As text, so that it has a length: probes are simple programs.
        return TypedResults.Text(JsonSerializer.Serialize(answer, HealthJson.Default.HealthAnswer), "application/json; charset=utf-8").ExecuteAsync(http);
    }

    /// <summary>A process that is stopping finishes its work and accepts no more.</summary>
    private sealed class NotStopping(IHostApplicationLifetime lifetime) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
            lifetime.ApplicationStopping.IsCancellationRequested ? HealthCheckResult.Unhealthy("The process stops.") : HealthCheckResult.Healthy());
    }
}

/// <param name="Status"><c>healthy</c> or <c>unhealthy</c>.</param>
/// <param name="Reasons">Why it is not healthy; null if it is. Anybody may read them.</param>
internal sealed record HealthAnswer(string Status, IReadOnlyList<string>? Reasons);

[JsonSerializable(typeof(HealthAnswer))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class HealthJson : JsonSerializerContext;
