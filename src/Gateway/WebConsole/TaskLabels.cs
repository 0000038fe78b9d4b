using SyncCluster.Gateway.Backends.Local;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>What a job's document does not have of its task, where this server has the tasks.</summary>
internal sealed class TaskLabels(IServiceProvider services)
{
    /// <summary>The task as it is now; null if there is none any more, or it is elsewhere.</summary>
    public async Task<TaskDefinition?> FindAsync(string customer, string task) =>
        services.GetService<TaskReader>() is not null && TaskId.IsValid(task)
            ? await services.GetRequiredService<TaskCatalog>().FindAsync(customer, task)
            : null;

    /// <summary>The labels of its arguments, in their order; none if they are not known.</summary>
    public async Task<IReadOnlyList<string>> OfAsync(string customer, string task) =>
        await FindAsync(customer, task) is { } found ? [.. found.Arguments.OrderBy(argument => argument.Order).Select(argument => argument.Label)] : [];
}
