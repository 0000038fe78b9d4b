using Microsoft.Extensions.Options;
using SyncCluster.Hosting;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Hosting.Authentication;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Hosting.Operator;
using SyncCluster.Hosting.Telemetry;
using SyncCluster.Silo.Dashboard;
using SyncCluster.Silo.Operator;

namespace SyncCluster.Silo;

/// <summary>A silo holds grains of the cluster and, by default, runs the scripts. Over HTTP it serves its health and the operator.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args)
    {
        OwnProcess.Prepare();
        return args switch
        {
            ["health", var address] => Health.ProbeAsync(address),
            ["rename-keys", .. var rest] => RenameKeysCommand.RunAsync(rest),
            _ => ServerProcess.RunAsync("silo", () =>
            {
                ThreadScheduling.Apply(args);
                return Build(args);
            }),
        };
    }

    /// <param name="args">The command line.</param>
    /// <param name="replace">Replaces services, for a test.</param>
    /// <exception cref="OptionsValidationException">The configuration names no cluster, or has a value that is not valid.</exception>
    public static WebApplication Build(string[] args, Action<IServiceCollection>? replace = null)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddDefaults("synccluster-silo", "http://127.0.0.1:6091");
        builder.AddClusterSilo(ExecutionMode.Select(builder.Configuration, ExecutionMode.All));
        builder.Services.AddHealth();
        builder.Services.AddOperator();
        builder.Services.AddFailureCounter();
        builder.AddOperatorDashboard();
        builder.Services.AddProblemDetails();
        replace?.Invoke(builder.Services);

        var app = builder.Build();
        app.UsePrometheus();
        app.UseTraces();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseOperatorDashboard();
        app.UseMiddleware<AuditMiddleware>();
        app.MapLiveness();
        app.MapReadiness();
        app.MapOperator();
        app.Lifetime.ApplicationStarted.Register(() => Announce(app));
        return app;
    }

    private static void Announce(WebApplication app)
    {
        var silo = app.Services.GetRequiredService<ILocalSiloDetails>();
        Console.Out.WriteLine($"The silo {silo.SiloAddress} is ready; its health is at {app.Urls.First()}/health/ready.");
    }
}
