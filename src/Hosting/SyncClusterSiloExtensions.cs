using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using SyncCluster.Execution.Local;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Hosting.Storage;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Retention;
using SyncCluster.Overview;
using SyncCluster.Placement;
using SyncCluster.Quotas;
using SyncCluster.SerialTasks;
using SyncCluster.Settings;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.Hosting;

/// <summary>Makes a process a silo of SyncCluster.</summary>
internal static class SyncClusterSiloExtensions
{
    /// <summary>Time for open waits, and for grains to move to other silos, when a silo stops.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(45);

    /// <summary>Adds a silo that no other process can join or call, with the storage of <see cref="StorageOptions.Path"/>.</summary>
    public static void AddEmbeddedSilo(this IHostApplicationBuilder builder, ExecutionMode mode) => builder.UseOrleans(silo =>
    {
        silo.UseLocalhostClustering(gatewayPort: 0, serviceId: "synccluster", clusterId: "embedded");
        NoListener.Use(silo);
        silo.Services.AddEmbeddedStorage();
        silo.AddSyncCluster(mode);
        silo.Services.AddOptions<LocalExecutorOptions>().PostConfigure<IOptions<StorageOptions>>((local, storage) =>
        {
            local.JobsEndWithTheProcess = storage.Value.IsInMemory;
            if (!storage.Value.IsInMemory)
            {
                local.HiddenPaths.Add(storage.Value.Folder);
            }
        });
    });

    /// <summary>Adds a silo that joins the cluster of the section <see cref="RedisClusterOptions.Section"/>.</summary>
    /// <exception cref="OptionsValidationException">The section names no Redis, or has a value that is not valid.</exception>
    public static void AddClusterSilo(this IHostApplicationBuilder builder, ExecutionMode mode)
    {
        var settings = RedisClusterOptions.Of(builder.Configuration);
        if (!settings.IsCluster)
        {
            throw RedisClusterOptions.Invalid(
                "A silo joins others over Redis: set Cluster:Redis (or Cluster__Redis in the environment) to a connection string such as "
                + "localhost:6379. To run everything in one process, start the gateway: dotnet run --project src/Gateway");
        }

        builder.UseOrleans(silo =>
        {
            silo.UseCluster(settings);
            silo.AddSyncCluster(mode);
        });
    }

    /// <summary>Adds what every silo has, whatever its clustering and storage.</summary>
    public static void AddSyncCluster(this ISiloBuilder silo, ExecutionMode mode)
    {
        var services = silo.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IStorageConnection, LocalStorageConnection>();
        services.AddJobs();
        services.AddJobPlacement();
        services.AddTasks();
        services.AddTaskRevisions();
        services.AddQuotas();
        services.AddSerialTasks();
        services.AddOverview();
        services.AddValidatedOptions<StorageOptions, StorageOptionsValidator>(StorageOptions.Section);
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<StorageOptions>>().Value.Retention);
        services.AddHostedService<JobRetention>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTime);
        mode.AddExecutor(services);
    }
}
