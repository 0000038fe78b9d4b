using Microsoft.Extensions.Options;
using SyncCluster.Silo.Clustering;
using SyncCluster.Silo.Operation;

namespace SyncCluster.Silo;

/// <summary>The silo as a web application: of HTTP it has its health, and what an operator needs.</summary>
internal static class SiloApp
{
    /// <param name="args">Of the command line.</param>
    /// <param name="replace">What a test has stand in for a service.</param>
    /// <exception cref="OptionsValidationException">No cluster is configured.</exception>
    public static WebApplication Build(string[] args, Action<IServiceCollection>? replace = null)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddDefaults("http://127.0.0.1:6091");
        if (!RedisClusterOptions.Of(builder.Configuration).IsCluster)
        {
            throw new OptionsValidationException(RedisClusterOptions.Section, typeof(RedisClusterOptions),
            [
                "A silo joins others over Redis: set Cluster:Redis (or Cluster__Redis in the environment) to a connection string such as localhost:6379. "
                + "To run everything in one process, start the gateway: dotnet run --project src/Gateway",
            ]);
        }

        builder.AddClusterSilo();
        builder.Services.AddHealth();
        builder.Services.AddOperator();
        builder.Services.AddProblemDetails();
        replace?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.MapHealth();
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
