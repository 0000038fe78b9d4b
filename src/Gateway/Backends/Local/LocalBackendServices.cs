using SyncCluster.Gateway.Auth;
using SyncCluster.Settings;

namespace SyncCluster.Gateway.Backends.Local;

/// <summary>The cluster itself has the tasks and runs them.</summary>
internal static class LocalBackendServices
{
    public static void AddLocalBackend(this IServiceCollection services)
    {
        services.AddSingleton<DemoMode>();
        services.AddSingleton<ITokenValidator, ConfiguredTokenValidator>();
        services.AddSingleton<TaskReader>();
        services.AddSingleton<ParentReader>();
        services.AddSingleton<ITaskBackend, LocalBackend>();
        services.AddValidatedOptions<TaskOptions, TaskOptionsValidator>(TaskOptions.Section);
        services.AddOptions<DemoTaskOptions>().BindConfiguration(DemoTaskOptions.Section);
        services.AddHostedService<DemoTasks>();
    }
}
