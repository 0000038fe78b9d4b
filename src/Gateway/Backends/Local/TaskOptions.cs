using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Backends.Local;

/// <summary>What holds for all tasks. Section <c>Tasks</c>.</summary>
internal sealed class TaskOptions
{
    public const string Section = "Tasks";

    /// <summary>
    /// Whether calls must fit the definitions of their task's arguments, for tasks that do not say so themselves. Default <c>lenient</c>, as at TheEye: there
    /// must only be enough of them.
    /// </summary>
    public ArgumentRule Arguments { get; set; } = ArgumentRule.Lenient;
}
