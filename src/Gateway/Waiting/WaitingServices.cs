using Microsoft.Extensions.Options;
using SyncCluster.Hosting.Connections;

namespace SyncCluster.Gateway.Waiting;

internal static class WaitingServices
{
    public static void AddWaiting(this IServiceCollection services)
    {
        services.AddOptions<WaitingOptions>().BindConfiguration(WaitingOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<WaitingOptions>, WaitingOptionsValidator>();
        services.AddSingleton<IValidateOptions<WaitingOptions>>(
            provider => new ReadableValues<WaitingOptions>(provider.GetRequiredService<IConfiguration>(), WaitingOptions.Section));
        services.AddOptions<HostOptions>().PostConfigure<IOptions<WaitingOptions>>((host, waiting) => host.ShutdownTimeout += waiting.Value.DrainTime);
        services.AddOptions<ConnectionOptions>().Configure<IOptions<WaitingOptions>>((connections, waiting) => connections.DrainTime = waiting.Value.DrainTime);
        services.AddSingleton<FinishedJobs>();
        services.AddSingleton<WaiterHub>();
        services.AddHostedService(provider => provider.GetRequiredService<WaiterHub>());
        services.AddHostedService<DrainService>();
    }
}
