using Microsoft.AspNetCore.WebUtilities;
using SyncCluster.Gateway.Auth;
using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Http;

/// <summary>The web server: Kestrel, proxies, CORS and errors.</summary>
internal static class WebServer
{
    public static void AddWebServer(this WebApplicationBuilder builder)
    {
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.ConfigureAddresses(address => address.ApplicationServices.GetRequiredService<DemoMode>().RequireLoopback(address));
        var services = builder.Services;
        services.AddSingleton<PacedWriter>();
        services.AddExceptionHandler<ApiExceptionHandler>();
        services.Configure<ExceptionHandlerOptions>(options =>
        {
            // ApiExceptionHandler logs what it answers; the framework would log a client's mistakes as the server's.
            options.SuppressDiagnosticsCallback = _ => true;
            options.ExceptionHandler = _ => Task.CompletedTask;
        });
        services.AddOptions<ForwardedHeadersOptions>().BindConfiguration("Proxy").Configure<IConfiguration>(ProxyOptions.Configure);
        services.AddOptions<CorsOptions>().BindConfiguration(CorsOptions.Section);
    }

    /// <summary>
    /// Gives a body to what the framework answers without one: mostly that there is no such path, or not with this method. Routes answer with a body of
    /// their own, and each waiting request would hold half a KiB for this.
    /// </summary>
    public static void UseRoutingProblems(this WebApplication app) => app.UseWhen(
        http => http.GetEndpoint() is not RouteEndpoint,
        unmatched => unmatched.UseStatusCodePages(context => ProblemOf(context.HttpContext).ExecuteAsync(context.HttpContext)));

    private static Problem ProblemOf(HttpContext http) => http.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => Problems.NoSuchPath(http.Request.PathBase),
        StatusCodes.Status405MethodNotAllowed => Problems.WrongMethod(http.Request.Method),
        var status => new(status, ReasonPhrases.GetReasonPhrase(status)),
    };
}
