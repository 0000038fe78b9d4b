using Microsoft.Extensions.DependencyInjection;

namespace SyncCluster.Tasks;

/// <summary>What silos and gateways need to read tasks.</summary>
internal static class TaskServices
{
    public static void AddTasks(this IServiceCollection services)
    {
        services.AddSingleton<TaskCatalog>();
        services.AddSingleton<TaskNames>();
    }
}
