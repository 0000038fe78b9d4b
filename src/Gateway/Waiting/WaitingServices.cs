using Microsoft.Extensions.Options;
using SyncCluster.Doors;
using SyncCluster.Hosting.Connections;
using SyncCluster.Settings;
using SyncCluster.Telemetry;

namespace SyncCluster.Gateway.Waiting;

internal static class WaitingServices
{
    public static void AddWaiting(this IServiceCollection services)
    {
        services.AddValidatedOptions<WaitingOptions, WaitingOptionsValidator>(WaitingOptions.Section);
        services.AddOptions<HostOptions>().PostConfigure<IOptions<WaitingOptions>>((host, waiting) => host.ShutdownTimeout += waiting.Value.DrainTime);
        services.AddOptions<ConnectionOptions>().Configure<IOptions<WaitingOptions>>((connections, waiting) => connections.DrainTime = waiting.Value.DrainTime);
        services.AddServerMetrics();
        services.AddSingleton<FinishedJobs>();
        services.AddJobDoors();
        services.AddSingleton<WaiterHub>();
        services.AddHostedService(provider => provider.GetRequiredService<WaiterHub>());
        services.AddHostedService<DrainService>();
    }
}
