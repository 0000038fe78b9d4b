using Microsoft.Extensions.Options;
using SyncCluster.Execution.Local;
using SyncCluster.Execution.TheEye;

namespace SyncCluster.Hosting;

/// <summary>What runs the jobs. The setting <c>Executor</c> names one mode; it is the same in gateways and silos.</summary>
/// <param name="Name">The value of the setting.</param>
/// <param name="AddExecutor">Registers the executor in a silo.</param>
internal record ExecutionMode(string Name, Action<IServiceCollection> AddExecutor)
{
    public const string Setting = "Executor";

    /// <summary>The silos run the scripts.</summary>
    public static ExecutionMode Local { get; } = new("Local", services => services.AddLocalExecutor());

    /// <summary>TheEye runs the jobs.</summary>
    public static ExecutionMode TheEye { get; } = new("TheEye", services => services.AddTheEyeExecutor());

    /// <summary>The mode that the configuration names; the first one if it names none.</summary>
    /// <exception cref="OptionsValidationException">There is no such mode.</exception>
    public static T Select<T>(IConfiguration configuration, IReadOnlyList<T> modes)
        where T : ExecutionMode =>
        configuration[Setting] is not { Length: > 0 } name ? modes[0]
        : modes.FirstOrDefault(mode => mode.Name == name)
            ?? throw new OptionsValidationException(Setting, typeof(string), [$"{Setting} must be {string.Join(" or ", modes.Select(mode => mode.Name))}."]);
}
