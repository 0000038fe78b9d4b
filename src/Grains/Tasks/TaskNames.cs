using System.Collections.Concurrent;

namespace SyncCluster.Tasks;

/// <summary>
/// Finds a task's id by its name. The names of a customer's tasks are read again when there is another task, and after some seconds, since a task
/// may be given another name.
/// </summary>
internal sealed class TaskNames(TimeProvider timeProvider)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, ReadNames> _customers = new();

    /// <returns>The id of the only task that has the name; null if none or several have it.</returns>
    /// <param name="customer">The tasks' customer.</param>
    /// <param name="name">The name.</param>
    /// <param name="ids">The ids of the customer's tasks now.</param>
    /// <param name="read">Reads a task; null if it has been listed, and is not there yet.</param>
    public async Task<string?> FindIdAsync(string customer, string name, string[] ids, Func<string, Task<TaskDefinition?>> read)
    {
        if (!_customers.TryGetValue(customer, out var names) || !IsCurrent(names, ids))
        {
            var readAt = timeProvider.GetTimestamp();
            var tasks = (await Task.WhenAll(ids.Select(read))).OfType<TaskDefinition>().ToArray();
            names = new(ids, tasks.ToLookup(task => task.Name, task => task.Id), readAt);
            if (tasks.Length == ids.Length && ids.Length > 0)
            {
                _customers[customer] = names;
            }
        }

        return names.Ids[name].ToArray() is [var id] ? id : null;
    }

    private bool IsCurrent(ReadNames names, string[] ids) =>
        timeProvider.GetElapsedTime(names.ReadAt) < Freshness && names.Tasks.AsSpan().SequenceEqual(ids);

    /// <param name="Tasks">The ids of all tasks.</param>
    /// <param name="Ids">Their ids by name.</param>
    /// <param name="ReadAt">The timestamp of the reading.</param>
    private sealed record ReadNames(string[] Tasks, ILookup<string, string> Ids, long ReadAt);
}
