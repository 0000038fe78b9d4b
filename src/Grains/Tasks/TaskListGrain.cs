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
    [PersistentState("tasklist", StorageNames.Catalog)] IPersistentState<TaskListState> stored) : Grain, ITaskListGrain
{
    private string[] StoredIds => stored.RecordExists ? stored.State.Ids : [];

    /// <inheritdoc/>
    public Task Add(string taskId) =>
        StoredIds.Contains(taskId) ? Task.CompletedTask : StoreAsync([.. StoredIds.Append(taskId).Order(StringComparer.Ordinal)]);

    /// <inheritdoc/>
    public Task Remove(string taskId) => StoredIds.Contains(taskId) ? StoreAsync([.. StoredIds.Where(id => id != taskId)]) : Task.CompletedTask;

    /// <inheritdoc/>
    public Task<string[]> Ids()
    {
        if (!stored.RecordExists)
        {
            // A client that makes up customers must not fill the memory with their lists.
            DeactivateOnIdle();
        }

        return Task.FromResult(StoredIds);
    }

    private async Task StoreAsync(string[] ids)
    {
        stored.State = new TaskListState { Ids = ids };
        try
        {
            await stored.WriteStateAsync();
        }
        catch
        {
            // What is stored is unknown: the next activation reads it.
            DeactivateOnIdle();
            throw;
        }
    }
}
