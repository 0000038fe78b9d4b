using SyncCluster.Gateway.Api;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Api.Polling;
using SyncCluster.Gateway.Api.Status;
using SyncCluster.Gateway.Api.Storage;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Gateway.WebConsole;
using SyncCluster.Hosting;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Hosting.Telemetry;

namespace SyncCluster.Gateway;

/// <summary>The gateway: the HTTP side of the service. Without a configured cluster it has a silo in its own process.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args)
    {
        OwnProcess.Prepare();
        return args switch
        {
            ["token"] => TokenCommand.RunAsync(Console.Out),
            ["health", var address] => Health.ProbeAsync(address),
            _ => ServerProcess.RunAsync("server", () =>
            {
                ThreadScheduling.Apply(args);
                return Build(args);
            }),
        };
    }

    /// <param name="args">The command line.</param>
    /// <param name="modes">The modes that the setting <c>Executor</c> may name; null for <see cref="GatewayMode.All"/>.</param>
    internal static WebApplication Build(string[] args, IReadOnlyList<GatewayMode>? modes = null)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddDefaults("synccluster-gateway", "http://127.0.0.1:6090");
        var mode = ExecutionMode.Select(builder.Configuration, modes ?? GatewayMode.All);
        builder.AddWebServer();
        builder.AddCluster(mode);
        mode.AddBackend(builder.Services);
        builder.Services.AddAuth();
        builder.Services.AddLimits();
        builder.Services.AddWaiting();
        builder.Services.AddApi();
        builder.Services.AddHealth();
        builder.Services.AddOpenApiDocument();
        builder.AddConsole();

        var app = builder.Build();
        app.UsePrometheus();
        app.UseTraces();
        app.UseMiddleware<LoopbackMiddleware>();
        app.UseMiddleware<PathPrefixMiddleware>();
        app.UseForwardedHeaders();
        app.UseConsole();
        app.UseMiddleware<CorsMiddleware>();
        app.UseExceptionHandler();
        app.UseRouting();
        app.UseMiddleware<JobScopeMiddleware>();
        app.UseMiddleware<AuditMiddleware>();
        app.UseRoutingProblems();
        app.MapSyncApi();
        app.MapJobsApi();
        app.MapPollingApi();
        mode.MapRoutes(app);
        app.MapStatusApi();
        app.MapStorageApi();
        app.MapOpenApiDocument();
        app.MapConsole();
        app.Lifetime.ApplicationStarted.Register(() => StartupBanner.Print(app, Console.Out));
        return app;
    }
}
