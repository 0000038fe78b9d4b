using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Scripts;
using SyncCluster.Scripts.Isolation;
using SyncCluster.SerialTasks;
using SyncCluster.Settings;

namespace SyncCluster.Execution.Local;

/// <summary>Registers the executor that runs scripts on the silo itself.</summary>
internal static class LocalExecutorServices
{
    public static void AddLocalExecutor(this IServiceCollection services)
    {
        services.AddSingleton(provider => new ScriptRunner(
            IsolationOf(provider.GetRequiredService<IOptions<LocalExecutorOptions>>().Value, provider.GetRequiredService<IConfiguration>()),
            provider.GetRequiredService<IOptions<LocalExecutorOptions>>().Value.KillGrace,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<JobQueues>();
        services.AddSingleton<HeldJobs>();
        services.AddSingleton<JobEnqueuer>();
        services.AddSingleton<CustomerUsers>();
        services.AddSingleton<JobRunner>();
        services.AddSingleton<JobWorkers>();
        services.AddSingleton<QueueHandover>();
        services.AddSingleton<SerialTaskWaiters>();
        services.AddSingleton<RunnerQueries>();
        services.AddSingleton<QueueOverflow>();
        services.AddGrainService<RunnerService>(GrainServiceTypes.Runner);
        services.AddHostedService<IsolationCheck>();
        services.AddExecutor<LocalExecutor>();
        services.AddValidatedOptions<LocalExecutorOptions, LocalExecutorOptionsValidator>(LocalExecutorOptions.Section);
        services.AddSingleton<IValidateOptions<LocalExecutorOptions>, TemporaryFolderValidator>();
        services.AddOptions<HostOptions>().PostConfigure<IOptions<LocalExecutorOptions>>((host, executor) =>
            host.ShutdownTimeout += executor.Value.DrainTime + executor.Value.KillGrace);
    }

    private static ScriptIsolation IsolationOf(LocalExecutorOptions options, IConfiguration configuration) => new()
    {
        Limits = new ScriptLimits
        {
            FileSize = options.Limits.FileSize is > 0 and var size ? size : null,
            Data = options.Limits.Data is > 0 and var data ? data : null,
            Cpu = options.Limits.Cpu,
            Processes = options.Limits.Processes is > 0 and var processes ? processes : null,
        },
        PassedVariables = options.PassEnvironment,
        Cgroup = options.Cgroup is not { Folder: { } folder } cgroup ? null : new JobCgroup(folder, new JobLimits
        {
            Memory = cgroup.Memory is > 0 and var memory ? memory : null,
            Processes = cgroup.Processes is > 0 and var together ? together : null,
            Cpu = cgroup.Cpu is > 0 and var cpu ? cpu : null,
        }),
        Sandbox = options.Sandbox == ScriptSandbox.None ? null : new Sandbox
        {
            Network = options.SandboxNetwork,
            Paths = options.SandboxPaths,
            Hidden = [.. FilesOf(configuration), .. SecretsOf(configuration), .. options.HiddenPaths],
        },
    };

    /// <summary>The files that the configuration is read from: they may hold secrets of the server.</summary>
    private static IEnumerable<string> FilesOf(IConfiguration configuration) =>
        ((configuration as IConfigurationRoot)?.Providers ?? [])
            .OfType<FileConfigurationProvider>()
            .Select(provider => provider.Source is { Path: { } path, FileProvider: { } files } ? files.GetFileInfo(path).PhysicalPath : null)
            .OfType<string>();

    /// <summary>The folder of the server's secrets, if there is one.</summary>
    private static IEnumerable<string> SecretsOf(IConfiguration configuration) =>
        configuration["Secrets:Folder"] is { Length: > 0 } folder ? [Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))] : [];
}
