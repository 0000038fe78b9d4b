using Microsoft.Extensions.DependencyInjection;

namespace SyncCluster.Tasks;

/// <summary>What silos and gateways need to read tasks. <see cref="TaskRevisions"/> is for silos alone.</summary>
internal static class TaskServices
{
    public static void AddTasks(this IServiceCollection services)
    {
        services.AddSingleton<TaskCatalog>();
        services.AddSingleton<TaskNames>();
        services.AddSingleton<TaskRevisions>();
    }
}
