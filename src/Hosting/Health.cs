using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SyncCluster.Hosting;

/// <summary>Whether the process lives, and whether it may be sent work.</summary>
public static class Health
{
    /// <summary>Checks with this tag decide on readiness.</summary>
    public const string ReadyTag = "ready";

    /// <summary>The framework's MapHealthChecks would take every method. Load balancers ask with HEAD, too.</summary>
    public static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    public static IHealthChecksBuilder AddHealth(this IServiceCollection services) =>
        services.AddHealthChecks().AddCheck<NotStopping>("not-stopping", tags: [ReadyTag]);

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/health/live", Methods, LiveAsync);
        routes.MapMethods("/health/ready", Methods, ReadyAsync);
    }

    /// <summary>Always 200: who gets no answer knows.</summary>
    public static Task<IResult> LiveAsync(HealthCheckService checks) => CheckAsync(checks, _ => false);

    /// <summary>200 while the process takes work, else 503.</summary>
    public static Task<IResult> ReadyAsync(HealthCheckService checks) => CheckAsync(checks, check => check.Tags.Contains(ReadyTag));

    /// <summary>The <c>health</c> command, for containers without a tool that could ask: 0 while the process at that address takes work, else 1.</summary>
    public static async Task<int> ProbeAsync(string address)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(3) };
        try
        {
            using var response = await http.GetAsync(new Uri(new Uri(address), "/health/ready"));
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException or UriFormatException)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return 1;
        }
    }

    private static async Task<IResult> CheckAsync(HealthCheckService checks, Func<HealthCheckRegistration, bool> predicate)
    {
        var status = (await checks.CheckHealthAsync(predicate)).Status;
        return new Answer(TypedResults.Text(
            $$"""{"status":"{{status.ToString().ToLowerInvariant()}}"}""",
            "application/json; charset=utf-8",
            statusCode: status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK));
    }

    private sealed class Answer(IResult text) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.CacheControl = "no-store";
            return text.ExecuteAsync(httpContext);
        }
    }

    /// <summary>A server that was told to stop finishes what it has and takes nothing new.</summary>
    private sealed class NotStopping(IHostApplicationLifetime lifetime) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
            lifetime.ApplicationStopping.IsCancellationRequested ? HealthCheckResult.Unhealthy("stopping") : HealthCheckResult.Healthy());
    }
}
