using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Execution.Local;

namespace SyncCluster.SerialTasks;

/// <summary>What the queue grains of tasks with <c>multitasking: false</c> need in a silo.</summary>
internal static class SerialTaskServices
{
    public static void AddSerialTasks(this IServiceCollection services) => services.AddSingleton<RunnerServiceClient>();
}
