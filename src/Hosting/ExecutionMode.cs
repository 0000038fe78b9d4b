using Microsoft.Extensions.Options;
using SyncCluster.Execution.Local;
using SyncCluster.Execution.TheEye;

namespace SyncCluster.Hosting;

/// <summary>What runs the jobs. The setting <c>Executor</c> names one mode; gateways and silos of a cluster have the same.</summary>
/// <param name="Name">The value of the setting.</param>
/// <param name="AddExecutor">Registers the executor in a silo.</param>
internal record ExecutionMode(string Name, Action<IServiceCollection> AddExecutor)
{
    public const string Setting = "Executor";

    /// <summary>The silos run the scripts.</summary>
    public static ExecutionMode Local { get; } = new("Local", services => services.AddLocalExecutor());

    /// <summary>TheEye runs the jobs.</summary>
    public static ExecutionMode TheEye { get; } = new("TheEye", services => services.AddTheEyeExecutor());

    /// <summary>The modes that a silo has. The first one is the default.</summary>
    public static IReadOnlyList<ExecutionMode> All { get; } = [Local, TheEye];

    /// <summary>Returns the mode that the configuration names, or the first one if it names none.</summary>
    /// <exception cref="OptionsValidationException">The configuration names none of the modes.</exception>
    public static T Select<T>(IConfiguration configuration, IReadOnlyList<T> modes)
        where T : ExecutionMode =>
        configuration[Setting] is not { Length: > 0 } name ? modes[0]
        : modes.FirstOrDefault(mode => mode.Name == name)
            ?? throw new OptionsValidationException(
                Setting, typeof(string), [$"{Setting} must be {string.Join(" or ", modes.Select(mode => mode.Name))}, not `{name}`."]);
}
