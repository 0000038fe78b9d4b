using Microsoft.Extensions.DependencyInjection;
using Orleans.Services;

namespace SyncCluster.Execution;

/// <summary>The registrations that every kind of executor needs in a silo.</summary>
internal static class ExecutorServices
{
    /// <summary>Adds the executor that the silo's job grains use. It starts and stops with the silo.</summary>
    public static void AddExecutor<T>(this IServiceCollection services)
        where T : class, IJobExecutor, ILifecycleParticipant<ISiloLifecycle>
    {
        services.AddSingleton<T>();
        services.AddSingleton<IJobExecutor>(provider => provider.GetRequiredService<T>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<T>());
    }

    /// <summary>Adds a grain service under a fixed type. Orleans' own method derives the type from the interface's name.</summary>
    public static void AddGrainService<T>(this IServiceCollection services, GrainType type)
        where T : class, IGrainService =>
        services.AddSingleton<IGrainService>(provider =>
            ActivatorUtilities.CreateInstance<T>(provider, SystemTargetGrainId.Create(type, SiloAddress.Zero).GrainId));

    /// <summary>The grain service of one silo.</summary>
    public static T GetGrainService<T>(this IGrainFactory grains, GrainType type, SiloAddress silo)
        where T : class, IGrainService =>
        grains.GetGrainById<T>(SystemTargetGrainId.Create(type, silo).GrainId);
}
