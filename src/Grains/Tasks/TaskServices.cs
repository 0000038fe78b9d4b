using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Execution;

namespace SyncCluster.Tasks;

/// <summary>What silos and gateways need to read tasks.</summary>
internal static class TaskServices
{
    public static void AddTasks(this IServiceCollection services)
    {
        services.AddSingleton<TaskCatalog>();
        services.AddSingleton<TaskNames>();
    }

    /// <summary>For silos alone.</summary>
    public static void AddTaskRevisions(this IServiceCollection services)
    {
        services.AddSingleton<TaskRevisions>();
        services.AddGrainService<TaskRevisionService>(GrainServiceTypes.TaskRevisions);
    }
}
