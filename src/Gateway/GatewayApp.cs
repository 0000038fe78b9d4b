using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using SyncCluster.Execution.Local;
using SyncCluster.Gateway.Api.Events;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Api.Polling;
using SyncCluster.Gateway.Api.Status;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway;

/// <summary>The gateway as a web application.</summary>
internal static class GatewayApp
{
    /// <param name="args">The command line.</param>
    /// <param name="modes">What the setting <c>Executor</c> may name; null for <see cref="GatewayMode.All"/>.</param>
    public static WebApplication Build(string[] args, IReadOnlyList<GatewayMode>? modes = null)
    {
        var builder = WebApplication.CreateBuilder(args);
        var mode = ExecutionMode.Select(builder.Configuration, modes ?? GatewayMode.All);
        builder.Services.AddSingleton(mode);
        builder.AddDefaults("http://127.0.0.1:6090");
        builder.AddServer();
        builder.AddCluster(mode);
        builder.AddAuth();
        builder.AddWaiting();
        mode.AddBackend(builder.Services);
        builder.Services.AddHealth();
        builder.Services.AddDocs();

        var app = builder.Build();
        app.UseForwardedHeaders();
        app.UseMiddleware<CorsMiddleware>();
        app.UseExceptionHandler();
        app.UseMiddleware<LoopbackHostMiddleware>();
        app.UseRouting();

        // Not for ours, which answer with a body: it takes half a KiB of each request that waits.
        app.UseWhen(http => http.GetEndpoint() is not RouteEndpoint, unknown => unknown.UseStatusCodePages(
            context => ProblemOf(context.HttpContext).ExecuteAsync(context.HttpContext)));
        app.MapJobs();
        app.MapDialect();
        mode.MapTasks(app);

        app.MapStatus();
        app.MapDocs();
        app.Lifetime.ApplicationStarted.Register(() => Banner.Print(app, Console.Out));
        return app;
    }

    private static void AddServer(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ConfigureEndpointDefaults(kestrel.ApplicationServices.GetRequiredService<DemoMode>().RequireLoopback);
        });
        services.AddExceptionHandler<ApiExceptionHandler>();
        services.Configure<ExceptionHandlerOptions>(options =>
        {
            // ServerFault logs what it answers; the framework would log a client's mistakes as the server's.
            options.SuppressDiagnosticsCallback = _ => true;
            options.ExceptionHandler = _ => Task.CompletedTask;
        });
        services.AddOptions<ForwardedHeadersOptions>().BindConfiguration("Proxy").Configure<IConfiguration>(ProxyOptions.Configure);
        services.AddOptions<CorsOptions>().BindConfiguration(CorsOptions.Section);
        services.AddOptions<RequestLimits>().BindConfiguration(RequestLimits.Section)
            .Validate(limits => limits is { Body: > 0, Import: > 0 }, "Limits:Body and Limits:Import must be above 0 bytes.")
            .ValidateOnStart();
    }

    /// <summary>Where a Redis is configured this is a client of the cluster; else it has a silo in its process.</summary>
    private static void AddCluster(this WebApplicationBuilder builder, GatewayMode mode)
    {
        var settings = RedisClusterOptions.Of(builder.Configuration);
        if (!settings.IsCluster)
        {
            builder.AddEmbeddedSilo(mode);
            builder.Services.AddOptions<WaitingOptions>().Configure<IOptions<LocalExecutorOptions>>((waiting, executor) =>

                // Where jobs end with the process, waits last until the last script has ended.
                waiting.DrainTime = executor.Value.DrainTime + executor.Value.KillGrace + TimeSpan.FromSeconds(2));
            return;
        }

        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddTasks();
        builder.UseOrleansClient(client => client.UseCluster(settings));
        builder.Services.AddHostedService<SiloMonitor>();
    }

    private static void AddAuth(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<Microsoft.Extensions.Options.IValidateOptions<AuthOptions>, AuthOptionsValidator>();
        services.AddOptions<AuthOptions>().BindConfiguration(AuthOptions.Section).ValidateOnStart();
        services.AddSingleton<DemoMode>();
        services.AddSingleton<AccessTokenAuthenticator>();
    }

    private static void AddWaiting(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<WaitingOptions>().BindConfiguration(WaitingOptions.Section)
            .Validate(WaitingOptions.IsSensible, "Waiting: every time must be above 0 and at most 24 hours.")
            .ValidateOnStart();
        services.AddOptions<FollowingOptions>().BindConfiguration(FollowingOptions.Section)
            .Validate(FollowingOptions.IsSensible, "Following: every time must be above 0 and at most an hour, the shortest pause not longer than the longest.")
            .ValidateOnStart();
        services.AddOptions<HostOptions>().PostConfigure<IOptions<WaitingOptions>>((host, waiting) =>
            host.ShutdownTimeout += waiting.Value.DrainTime);
        services.AddSingleton<CallIntake>();
        services.AddSingleton<JobSubmission>();
        services.AddSingleton<SyncCallHandler>();
        services.AddSingleton<RequestLimiter>();
        services.AddOptions<LimitOptions>().BindConfiguration(LimitOptions.Section)
            .Validate(
                LimitOptions.IsSensible,
                "Limits: Waiters must be above 0, CallsPerSecond 0 or 0.001 to 1000000, Burst not below 0; Customers:NAME by a customer's name.")
            .ValidateOnStart();
        services.AddDialect();
        services.AddSingleton<WaiterHub>();
        services.AddHostedService(provider => provider.GetRequiredService<WaiterHub>());
        services.AddHostedService<DrainService>();
    }

    /// <summary>What the framework answers without a body: mostly that it knows no such path, or not with this method.</summary>
    private static Problem ProblemOf(HttpContext http) => http.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => new(StatusCodes.Status404NotFound, "There is nothing at this path. /docs says what there is."),
        StatusCodes.Status405MethodNotAllowed => new(
            StatusCodes.Status405MethodNotAllowed, $"This path does not take {Shown(http.Request.Method)}: see the Allow header."),
        var status => new(status, ReasonPhrases.GetReasonPhrase(status)),
    };

    private static string Shown(string method) => method.Length <= 16 && method.All(char.IsAsciiLetter) ? method : "this method";
}
