using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Storage;
using SyncCluster.Execution;
using SyncCluster.Execution.Local;
using SyncCluster.Execution.TheEye;
using SyncCluster.Jobs;
using SyncCluster.Limits;
using SyncCluster.Silo.Clustering;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.Silo;

/// <summary>How long what is stored is kept. Section <c>Storage</c>.</summary>
public sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary>
    /// How long a job's record is kept after its last change. Default 24 h; at least 13 h, since no record may expire while its job is queued or
    /// runs, and a task may run for 6 h.
    /// </summary>
    public TimeSpan JobExpiry { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Bytes, roughly, that the embedded storage may hold before it forgets finished jobs, least recently used first. Default 1 GiB.</summary>
    public long EmbeddedLimit { get; set; } = 1L << 30;

    /// <summary>Above which share of its <c>maxmemory</c> Redis is given no new jobs, so that those that run can still store their ends. Default 0.9.</summary>
    public double RedisShare { get; set; } = 0.9;

    /// <summary>What counts as the <c>maxmemory</c> of a Redis that has none, in bytes. Default 0: then it is not looked at.</summary>
    public long RedisMemory { get; set; }
}

/// <summary>Makes a process a silo.</summary>
public static class SiloHosting
{
    private static readonly TimeSpan ShortestExpiry = TimeSpan.FromHours(13);

    /// <summary>Of a stop, beside the scripts: open waits, and the grains that move to other silos.</summary>
    private static readonly TimeSpan TimeForTheRest = TimeSpan.FromSeconds(45);

    /// <summary>A silo of its own in this process: no other can join, and what it stores ends with it.</summary>
    public static void AddEmbeddedSilo(this IHostApplicationBuilder builder)
    {
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort: FreePort.Or(0), gatewayPort: 0, serviceId: "synccluster", clusterId: "embedded");
            silo.Services.AddEmbeddedStorage(StorageNames.Jobs, options => options.JobExpiry);
            silo.Services.AddEmbeddedStorage(StorageNames.Catalog, _ => null);
        });
        builder.AddGrains();
        builder.Services.PostConfigure<LocalExecutorOptions>(executor => executor.JobsEndWithTheProcess = true);
    }

    /// <summary>A silo that joins the cluster of the section <see cref="RedisClusterOptions.Section"/>.</summary>
    public static void AddClusterSilo(this IHostApplicationBuilder builder)
    {
        var settings = RedisClusterOptions.Of(builder.Configuration);
        builder.UseOrleans(silo => silo.UseCluster(settings));
        builder.AddGrains();
    }

    private static void AddGrains(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<TaskCatalog>();
        services.AddSingleton<ActiveJobs>();
        services.AddSingleton<CompletionRelay>();
        services.AddSingleton<CompletionPublisher>();
        services.AddSingleton<StorageCapacity>();
        services.AddSingleton<JobAdmission>();
        services.AddSingleton<SiloInventoryClient>();
        services.AddGrainService<SiloInventory>();
        if (ExecutorOptions.IsTheEye(builder.Configuration))
        {
            services.AddTheEye();
            services.AddSingleton<CompletionListener>();
            services.AddExecutor<TheEyeExecutor>();
        }
        else
        {
            services.AddSingleton<ScriptRunner>();
            services.AddSingleton<RunnerServiceClient>();
            services.AddSingleton<QueueHandover>();
            services.AddGrainService<RunnerService>();
            services.AddExecutor<LocalExecutor>();
        }

        services.AddOptions<LocalExecutorOptions>().BindConfiguration(LocalExecutorOptions.Section)
            .Validate(options => options.Concurrency is > 0 and <= 4096, "LocalExecutor:Concurrency must be from 1 to 4096.")
            .Validate(options => options.Spare is null || (options.Spare >= 0 && options.Spare < options.Concurrency), "LocalExecutor:Spare must be from 0 to less than LocalExecutor:Concurrency.")
            .Validate(options => options.QueueLimit is >= 0 and <= 1_000_000, "LocalExecutor:QueueLimit must be from 0 to 1000000.")
            .Validate(
                options => options.DrainTime >= TimeSpan.Zero && options.KillGrace >= TimeSpan.Zero && options.DrainTime + options.KillGrace < TimeSpan.FromHours(1),
                "LocalExecutor:DrainTime and LocalExecutor:KillGrace must not be negative, and less than an hour together.")
            .ValidateOnStart();
        services.AddOptions<JobQuotaOptions>().BindConfiguration(JobQuotaOptions.Section)
            .Validate(JobQuotaOptions.IsSensible, "A number in Limits:Jobs must be 0 or more.")
            .ValidateOnStart();
        services.AddOptions<HostOptions>().Configure<IOptions<LocalExecutorOptions>>((host, executor) =>
            host.ShutdownTimeout = executor.Value.DrainTime + executor.Value.KillGrace + TimeForTheRest);
        services.AddOptions<StorageOptions>().BindConfiguration(StorageOptions.Section)
            .Validate(options => options.JobExpiry >= ShortestExpiry, "Storage:JobExpiry must be 13 hours or longer.")
            .Validate(options => options.EmbeddedLimit >= 1 << 20, "Storage:EmbeddedLimit must be 1048576 bytes or more.")
            .Validate(options => options.RedisShare is > 0 and <= 1, "Storage:RedisShare must be above 0, and 1 at most.")
            .Validate(options => options.RedisMemory >= 0, "Storage:RedisMemory must be 0 or more.")
            .ValidateOnStart();
    }

    private static void AddExecutor<T>(this IServiceCollection services)
        where T : class, IJobExecutor, ILifecycleParticipant<ISiloLifecycle>
    {
        services.AddSingleton<T>();
        services.AddSingleton<IJobExecutor>(provider => provider.GetRequiredService<T>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<T>());
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
