using SyncCluster.Placement;
using SyncCluster.Storage;

namespace SyncCluster.Tasks;

/// <summary>The ids of a customer's tasks. Key: the customer's name.</summary>
[Alias("sync.tasklist")]
public interface ITaskListGrain : IGrainWithStringKey
{
    [Alias("add"), ResponseTimeout("00:00:05")]
    Task Add(string taskId);

    [Alias("remove"), ResponseTimeout("00:00:05")]
    Task Remove(string taskId);

    [Alias("ids"), ResponseTimeout("00:00:05")]
    Task<string[]> Ids();
}

/// <summary>What is stored of a customer's list.</summary>
[GenerateSerializer, Alias("sync.tasklist.state")]
internal sealed record TaskListState
{
    /// <summary>Sorted.</summary>
    [Id(0)] public string[] Ids { get; init; } = [];
}

/// <inheritdoc cref="ITaskListGrain"/>
[GrainType("tasklist")]
internal sealed class TaskListGrain(
    [PersistentState("tasklist", StorageNames.Catalog)] IPersistentState<TaskListState> stored, JobOwners owners) : Grain, ITaskListGrain
{
    private readonly CatalogState<TaskListState> _state = new(stored, owners);

    /// <inheritdoc/>
    public async Task Add(string taskId)
    {
        var ids = await StoredIdsAsync();
        if (!ids.Contains(taskId))
        {
            await _state.SetAsync(new TaskListState { Ids = [.. ids.Append(taskId).Order(StringComparer.Ordinal)] });
        }
    }

    /// <inheritdoc/>
    public async Task Remove(string taskId)
    {
        var ids = await StoredIdsAsync();
        if (ids.Contains(taskId))
        {
            await _state.SetAsync(new TaskListState { Ids = [.. ids.Where(id => id != taskId)] });
        }
    }

    /// <inheritdoc/>
    public async Task<string[]> Ids()
    {
        var ids = await StoredIdsAsync();
        if (ids.Length == 0)
        {
            // A client that makes up customers must not fill the memory with their lists.
            DeactivateOnIdle();
        }

        return ids;
    }

    private async ValueTask<string[]> StoredIdsAsync() => await _state.GetAsync() is { } list ? list.Ids : [];
}
