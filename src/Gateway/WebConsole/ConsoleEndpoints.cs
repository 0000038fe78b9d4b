using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using SyncCluster.Gateway.Backends.Local;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.WebConsole.Keys;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Settings;
using SyncCluster.WebConsole;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>The console: pages for browsers, beneath an address of their own.</summary>
internal static class ConsoleEndpoints
{
    public static void AddConsole(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddValidatedOptions<ConsoleOptions, ConsoleOptionsValidator>(ConsoleOptions.Section);
        if (!IsEnabled(builder.Configuration))
        {
            return;
        }

        builder.AddConsoleKeys();
        services.AddFormTokens();
        services.AddRazorComponents();
        services.AddSingleton<ConsoleSessions>();
        services.AddSingleton<Visitors>();
        services.AddSingleton<SignIn>();
        services.AddSingleton<TaskLabels>();
        services.AddSingleton<TaskPages>();
        services.AddSingleton<ChosenJobs>();
        services.AddSingleton<GatewayState>();
        services.AddSingleton<ClusterReader>();
        if (RedisClusterOptions.Of(builder.Configuration).IsCluster)
        {
            services.AddHostedService<GatewayReporter>();
        }
    }

    /// <summary>Sets the headers of the console's answers, and shows browsers the way there.</summary>
    public static void UseConsole(this WebApplication app)
    {
        app.UseMiddleware<ConsoleHeaders>();
        if (IsEnabled(app.Configuration))
        {
            app.UseWhen(IsBrowserAtTheRoot, root => root.Run(http =>
            {
                SecurityHeaders.Write(http.Response.Headers);
                http.Response.Redirect($"{ConsolePaths.Root}/");
                return Task.CompletedTask;
            }));
        }
    }

    public static void MapConsole(this IEndpointRouteBuilder routes)
    {
        if (!routes.ServiceProvider.GetRequiredService<IOptions<ConsoleOptions>>().Value.Enabled)
        {
            return;
        }

        // It is as old as the server, and not as the first look at it.
        _ = routes.ServiceProvider.GetRequiredService<GatewayState>();

        var console = routes.MapGroup(ConsolePaths.Root).ExcludeFromDescription();
        console.MapGet("assets/{version}/{name}", Asset);
        SignIn.Map(console);
        JobPages.Map(console);
        ClusterPages.Map(console);
        if (routes.ServiceProvider.GetService<TaskReader>() is not null)
        {
            TaskPages.Map(console);
            TaskEditPages.Map(console);
            JobListPages.Map(console);
            ChosenJobsPages.Map(console);
        }

        console.MapGet("", Begin).IsPage(null);
        console.MapGet("{**path}", (HttpContext http) => Problems.NoSuchPage).IsPage(null);
    }

    private static bool IsEnabled(IConfiguration configuration) =>
        configuration.GetValue($"{ConsoleOptions.Section}:{nameof(ConsoleOptions.Enabled)}", new ConsoleOptions().Enabled);

    /// <summary>A program that asks for JSON there hears that there is nothing.</summary>
    private static bool IsBrowserAtTheRoot(HttpContext http) =>
        (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method))
        && http.Request.Path.Value is "/" or ""
        && http.Request.Headers.Accept.Any(line => line!.Contains("text/html", StringComparison.OrdinalIgnoreCase));

    private static RedirectHttpResult Begin(HttpContext http)
    {
        // A page's links are relative to the address with the slash, whatever the request had.
        var begin = http.Features.Get<SignedInOperator>() is not null ? "cluster" : "tasks";
        return TypedResults.Redirect(ConsolePaths.LocationOf(begin));
    }

    private static IResult Asset(HttpContext http, string version, string name)
    {
        if (ConsoleAssets.Find(name) is not { } asset)
        {
            return Problems.NoSuchPath(http.Request.PathBase);
        }

        // While gateways of two versions run, one may be asked for what the other one has: that must not be kept.
        if (version == ConsoleAssets.Version)
        {
            http.Response.Headers[HeaderNames.CacheControl] = "public, max-age=31536000, immutable";
        }

        return TypedResults.Bytes(asset.Content, asset.ContentType);
    }
}
