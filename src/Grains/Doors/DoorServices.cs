using Microsoft.Extensions.DependencyInjection;

namespace SyncCluster.Doors;

/// <summary>What a client of the cluster needs to use the doors of silos.</summary>
internal static class DoorServices
{
    public static void AddJobDoors(this IServiceCollection services)
    {
        services.AddSingleton<ClientConnections>();
        services.AddSingleton<JobDoors>();
    }
}
