using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Storage;
using SyncCluster.Execution;
using SyncCluster.Execution.Local;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Jobs;
using SyncCluster.Quotas;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.Hosting;

/// <summary>Makes a process a silo of SyncCluster.</summary>
internal static class SyncClusterSiloExtensions
{
    /// <summary>Time for open waits, and for grains to move to other silos, when a silo stops.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(45);

    /// <summary>A silo of its own in this process: no other can join, and what it stores ends with it.</summary>
    public static void AddEmbeddedSilo(this IHostApplicationBuilder builder, ExecutionMode mode) => builder.UseOrleans(silo =>
    {
        silo.UseLocalhostClustering(siloPort: FreePort.Or(0), gatewayPort: 0, serviceId: "synccluster", clusterId: "embedded");
        silo.Services.AddEmbeddedStorage(StorageNames.Jobs, options => options.JobExpiry);
        silo.Services.AddEmbeddedStorage(StorageNames.Catalog, _ => null);
        silo.AddSyncCluster(mode);
        silo.Services.PostConfigure<LocalExecutorOptions>(local => local.JobsEndWithTheProcess = true);
    });

    /// <summary>A silo that joins the cluster of the section <see cref="RedisClusterOptions.Section"/>.</summary>
    public static void AddClusterSilo(this IHostApplicationBuilder builder, ExecutionMode mode)
    {
        var settings = RedisClusterOptions.Of(builder.Configuration);
        builder.UseOrleans(silo =>
        {
            silo.UseCluster(settings);
            silo.AddSyncCluster(mode);
        });
    }

    /// <summary>What every silo has, whatever its clustering and storage.</summary>
    public static void AddSyncCluster(this ISiloBuilder silo, ExecutionMode mode)
    {
        var services = silo.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<TaskCatalog>();
        services.AddSingleton<ActiveJobs>();
        services.AddSingleton<CompletionRelay>();
        services.AddSingleton<CompletionPublisher>();
        services.AddSingleton<StorageCapacity>();
        services.AddSingleton<JobAdmission>();
        services.AddSingleton<SiloInventoryClient>();
        services.AddSingleton<RunnerServiceClient>();
        services.AddGrainService<SiloInventory>(GrainServiceTypes.SiloInventory);
        services.AddOptions<JobQuotaOptions>().BindConfiguration(JobQuotaOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<JobQuotaOptions>, JobQuotaOptionsValidator>();
        services.AddOptions<StorageOptions>().BindConfiguration(StorageOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<StorageOptions>, StorageOptionsValidator>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTime);
        mode.AddExecutor(services);
    }

    private static void AddEmbeddedStorage(this IServiceCollection services, string name, Func<StorageOptions, TimeSpan?> expiry) =>
        services.AddKeyedSingleton<IGrainStorage>(name, (provider, _) =>
        {
            var options = provider.GetRequiredService<IOptions<StorageOptions>>().Value;
            return new InMemoryGrainStorage(
                new InMemoryStorageOptions { Expiry = expiry(options), SizeLimit = options.EmbeddedLimit },
                provider.GetRequiredService<TimeProvider>());
        });
}
