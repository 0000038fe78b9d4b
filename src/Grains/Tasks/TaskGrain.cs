using SyncCluster.Storage;
using SyncCluster.Tasks.Recipes;

namespace SyncCluster.Tasks;

/// <summary>One task of a customer. Key: <see cref="TaskKey"/>.</summary>
[Alias("sync.taskgrain")]
public interface ITaskGrain : IGrainWithStringKey
{
    /// <summary>Creates or replaces the task.</summary>
    [Alias("put"), ResponseTimeout("00:00:05")]
    Task Put(TaskDefinition definition, byte[] script);

    /// <summary>
    /// Replaces a task that is there: its id, its secret and its time of creation stay. Jobs that were called before run the script that it had then.
    /// </summary>
    /// <returns>The task as it is now; null if there is none.</returns>
    [Alias("update"), ResponseTimeout("00:00:05")]
    Task<TaskDefinition?> Update(TaskDefinition definition, byte[] script);

    /// <summary>Gives the task another secret. From then on the one before counts no more.</summary>
    /// <remarks>A silo of version 0.1 does not know the message: the call fails until no such silo is left.</remarks>
    /// <param name="secretHash">As in <see cref="TaskDefinition.SecretHash"/>.</param>
    /// <returns>The task as it is now; null if there is none.</returns>
    [Alias("renewsecret"), ResponseTimeout("00:00:05")]
    Task<TaskDefinition?> RenewSecret(byte[] secretHash);

    /// <summary>The task; null if there is none.</summary>
    [Alias("get"), ResponseTimeout("00:00:03")]
    Task<TaskDefinition?> Get();

    /// <summary>The <see cref="TaskDefinition.Revision"/> of the task; null if it has none, or if there is no task.</summary>
    /// <remarks>A silo of version 0.1 does not know the message: the call fails.</remarks>
    [Alias("revision"), ResponseTimeout("00:00:02")]
    Task<Guid?> GetRevision();

    /// <summary>The script's bytes, also if the task has another one by now; null if the task was deleted, or the script is not kept any longer.</summary>
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

    /// <summary>The scripts that the task had before, the latest first: jobs may be queued that were called then.</summary>
    [Id(2)] public EarlierScript[] Earlier { get; init; } = [];
}

/// <param name="Digest">As in <see cref="TaskDefinition.ScriptDigest"/>.</param>
/// <param name="Script">Its bytes.</param>
[GenerateSerializer, Immutable, Alias("sync.task.script")]
internal sealed record EarlierScript([property: Id(0)] string Digest, [property: Id(1)] byte[] Script);

/// <inheritdoc cref="ITaskGrain"/>
[GrainType("task")]
internal sealed class TaskGrain([PersistentState("task", StorageNames.Catalog)] IPersistentState<TaskState> stored, TaskRevisions revisions)
    : Grain, ITaskGrain
{
    /// <summary>Bytes of earlier scripts that are kept: at least four, and many of the usual size.</summary>
    private const int EarlierBytes = 4 * RecipeFile.MaxBytes;

    private const int EarlierScripts = 100;

    private TaskDefinition? Definition => stored.RecordExists ? stored.State.Definition : null;

    /// <inheritdoc/>
    public Task Put(TaskDefinition definition, byte[] script) => StoreAsync(definition, script);

    /// <inheritdoc/>
    public async Task<TaskDefinition?> Update(TaskDefinition definition, byte[] script)
    {
        if (Definition is not { } current)
        {
            DeactivateOnIdle();
            return null;
        }

        var updated = definition with { Id = current.Id, Customer = current.Customer, SecretHash = current.SecretHash, CreatedAt = current.CreatedAt };
        await StoreAsync(updated, script);
        return Definition;
    }

    /// <inheritdoc/>
    public async Task<TaskDefinition?> RenewSecret(byte[] secretHash)
    {
        if (Definition is not { } current)
        {
            DeactivateOnIdle();
            return null;
        }

        var renewed = current with { SecretHash = secretHash };
        await StoreAsync(renewed, stored.State.Script);
        return Definition;
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
    public async Task<Guid?> GetRevision()
    {
        var revision = (await Get())?.Revision;
        revisions.Set(this.GetPrimaryKeyString(), revision);
        return revision;
    }

    /// <inheritdoc/>
    public Task<byte[]?> GetScript(string digest) => Task.FromResult(
        Definition is null ? null
        : Definition.ScriptDigest == digest ? stored.State.Script
        : stored.State.Earlier.FirstOrDefault(earlier => earlier.Digest == digest)?.Script);

    /// <inheritdoc/>
    public async Task<bool> Delete()
    {
        // Whatever comes of it, the next activation reads what is stored.
        var existed = Definition is not null;
        revisions.Remove(this.GetPrimaryKeyString());
        DeactivateOnIdle();
        if (existed)
        {
            await stored.ClearStateAsync();
        }

        return existed;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        revisions.Remove(this.GetPrimaryKeyString());
        return Task.CompletedTask;
    }

    private async Task StoreAsync(TaskDefinition definition, byte[] script)
    {
        definition = definition with { Revision = Guid.NewGuid() };
        stored.State = new TaskState { Definition = definition, Script = script, Earlier = EarlierThan(definition) };
        try
        {
            await stored.WriteStateAsync();
        }
        catch
        {
            // What is stored is unknown: the next activation reads it.
            revisions.Remove(this.GetPrimaryKeyString());
            DeactivateOnIdle();
            throw;
        }

        revisions.Set(this.GetPrimaryKeyString(), definition.Revision);
    }

    /// <summary>The scripts of the task before it is replaced, as many as are kept.</summary>
    private EarlierScript[] EarlierThan(TaskDefinition replacement)
    {
        if (Definition is not { } current)
        {
            return [];
        }

        var last = current.ScriptDigest is null ? [] : (EarlierScript[])[new(current.ScriptDigest, stored.State.Script)];
        var bytes = 0;
        return
        [
            .. last.Concat(stored.State.Earlier)
                .DistinctBy(earlier => earlier.Digest)
                .Where(earlier => earlier.Digest != replacement.ScriptDigest)
                .Take(EarlierScripts)
                .TakeWhile(earlier => (bytes += earlier.Script.Length) <= EarlierBytes),
        ];
    }
}
