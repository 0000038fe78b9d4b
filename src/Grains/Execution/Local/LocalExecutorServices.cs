using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Scripts;
using SyncCluster.SerialTasks;

namespace SyncCluster.Execution.Local;

/// <summary>Registers the executor that runs scripts on the silo itself.</summary>
internal static class LocalExecutorServices
{
    public static void AddLocalExecutor(this IServiceCollection services)
    {
        services.AddSingleton(provider => new ScriptRunner(
            provider.GetRequiredService<IOptions<LocalExecutorOptions>>().Value.KillGrace,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptions<LocalExecutorOptions>>().Value;
            return new FairJobScheduler(options.Concurrency, options.ReservedWorkers, provider.GetRequiredService<TimeProvider>());
        });
        services.AddSingleton<HeldJobs>();
        services.AddSingleton<JobEnqueuer>();
        services.AddSingleton<JobRunner>();
        services.AddSingleton<JobWorkers>();
        services.AddSingleton<QueueHandover>();
        services.AddSingleton<SerialTaskWaiters>();
        services.AddSingleton<RunnerQueries>();
        services.AddGrainService<RunnerService>(GrainServiceTypes.Runner);
        services.AddExecutor<LocalExecutor>();
        services.AddOptions<LocalExecutorOptions>().BindConfiguration(LocalExecutorOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<LocalExecutorOptions>, LocalExecutorOptionsValidator>();
        services.AddSingleton<IValidateOptions<LocalExecutorOptions>, TemporaryFolderValidator>();
        services.AddOptions<HostOptions>().PostConfigure<IOptions<LocalExecutorOptions>>((host, executor) =>
            host.ShutdownTimeout += executor.Value.DrainTime + executor.Value.KillGrace);
    }
}
