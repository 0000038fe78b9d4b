using SyncCluster.Storage;

namespace SyncCluster.Tasks;

/// <summary>One task of a customer. Key: <see cref="TaskKey"/>.</summary>
[Alias("sync.taskgrain")]
public interface ITaskGrain : IGrainWithStringKey
{
    /// <summary>Creates or replaces the task.</summary>
    [Alias("put"), ResponseTimeout("00:00:05")]
    Task Put(TaskDefinition definition, byte[] script);

    /// <summary>The task; null if there is none.</summary>
    [Alias("get"), ResponseTimeout("00:00:03")]
    Task<TaskDefinition?> Get();

    /// <summary>The script's bytes; null if the task was deleted, or has another script now.</summary>
    /// <param name="digest">The script's SHA-256, as in <see cref="TaskDefinition.ScriptDigest"/>.</param>
    [Alias("script"), ResponseTimeout("00:00:05")]
    Task<byte[]?> GetScript(string digest);

    /// <summary>Deletes the task. False: there was none.</summary>
    [Alias("delete"), ResponseTimeout("00:00:05")]
    Task<bool> Delete();
}

/// <summary>What is stored of a task.</summary>
[GenerateSerializer, Alias("sync.task.state")]
internal sealed record TaskState
{
    [Id(0)] public TaskDefinition? Definition { get; init; }

    [Id(1)] public byte[] Script { get; init; } = [];
}

/// <inheritdoc cref="ITaskGrain"/>
[GrainType("task")]
internal sealed class TaskGrain([PersistentState("task", StorageNames.Catalog)] IPersistentState<TaskState> stored) : Grain, ITaskGrain
{
    private TaskDefinition? Definition => stored.RecordExists ? stored.State.Definition : null;

    /// <inheritdoc/>
    public async Task Put(TaskDefinition definition, byte[] script)
    {
        stored.State = new TaskState { Definition = definition, Script = script };
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

    /// <inheritdoc/>
    public Task<TaskDefinition?> Get()
    {
        if (Definition is null)
        {
            DeactivateOnIdle();
        }

        return Task.FromResult(Definition);
    }

    /// <inheritdoc/>
    public Task<byte[]?> GetScript(string digest) => Task.FromResult(Definition?.ScriptDigest == digest ? stored.State.Script : null);

    /// <inheritdoc/>
    public async Task<bool> Delete()
    {
        var existed = Definition is not null;
        if (existed)
        {
            await stored.ClearStateAsync();
        }

        DeactivateOnIdle();
        return existed;
    }
}
