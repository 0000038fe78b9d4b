using Microsoft.Extensions.Options;

namespace SyncCluster.Silo;

/// <summary>What runs the jobs: the setting <c>Executor</c>, the same in gateways and silos.</summary>
internal static class ExecutorOptions
{
    public const string Setting = "Executor";
    private const string Local = "Local";
    private const string TheEye = "TheEye";

    /// <summary>Whether TheEye has the tasks and runs the jobs. Default: no, the silos do.</summary>
    /// <exception cref="OptionsValidationException">It is neither.</exception>
    public static bool IsTheEye(IConfiguration configuration) => configuration[Setting] switch
    {
        null or "" or Local => false,
        TheEye => true,
        _ => throw new OptionsValidationException(Setting, typeof(string), [$"{Setting} must be {Local} or {TheEye}."]),
    };
}
