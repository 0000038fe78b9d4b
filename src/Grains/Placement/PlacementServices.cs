using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.GrainDirectory;
using Orleans.Runtime.Placement;

namespace SyncCluster.Placement;

/// <summary>What a silo needs to find the grains of jobs, and to have its own.</summary>
internal static class PlacementServices
{
    public static void AddJobPlacement(this IServiceCollection services)
    {
        services.AddSingleton<JobOwners>();
        services.AddSingleton<JobDirectory>();
        services.AddSingleton<IGrainDirectoryCache>(provider => provider.GetRequiredService<JobDirectory>());
        services.AddSingleton<JobPlacementResolver>();
        services.AddSingleton<IPlacementStrategyResolver>(provider => provider.GetRequiredService<JobPlacementResolver>());
        services.AddSingleton<IGrainDirectoryResolver>(provider => provider.GetRequiredService<JobPlacementResolver>());
        services.AddPlacementDirector<JobPlacement, JobPlacementDirector>();
        services.AddSingleton<JobHandover>();
        services.AddSingleton<OwnershipMonitor>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<OwnershipMonitor>());
    }
}
