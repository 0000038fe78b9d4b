using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SyncCluster.Doors;
using SyncCluster.Execution;
using SyncCluster.Storage;
using SyncCluster.Telemetry;

namespace SyncCluster.Jobs;

/// <summary>What the grains of jobs need in a silo.</summary>
internal static class JobServices
{
    public static void AddJobs(this IServiceCollection services)
    {
        services.AddServerMetrics();
        services.TryAddSingleton(new JobEventOptions());
        services.TryAddSingleton<JobEvents>();
        services.AddSingleton<ActiveJobs>();
        services.AddSingleton<CompletionRelay>();
        services.AddSingleton<CompletionPublisher>();
        services.AddSingleton<JobStorage>();
        services.AddSingleton<StoredBytes>();
        services.AddSingleton<StoredCompletion>();
        services.AddSingleton<StorageCapacity>();
        services.AddSingleton<JobCallDispatcher>();
        services.AddGrainService<JobDoor>(GrainServiceTypes.JobDoor);
    }
}
