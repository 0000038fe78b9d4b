using SyncCluster.Placement;
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

    /// <summary>
    /// The <see cref="TaskDefinition.Revision"/> of the task; null if it has none, or if there is no task. It counts for two seconds, or until the silo is told to
    /// forget it.
    /// </summary>
    /// <remarks>A silo of version 0.1 does not know the message: the call fails.</remarks>
    /// <param name="silo">The silo that asks.</param>
    [Alias("revision"), ResponseTimeout("00:00:02")]
    Task<Guid?> GetRevision(SiloAddress silo);

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
internal sealed class TaskGrain(
    [PersistentState("task", StorageNames.Catalog)] IPersistentState<TaskState> stored, JobOwners owners, TaskRevisions revisions, TimeProvider timeProvider)
    : Grain, ITaskGrain
{
    /// <summary>Bytes of earlier scripts that are kept: at least four, and many of the usual size.</summary>
    private const int EarlierBytes = 4 * RecipeFile.MaxBytes;

    private const int EarlierScripts = 100;

    private readonly CatalogState<TaskState> _state = new(stored, owners);

    /// <summary>When a silo was last told the revision.</summary>
    private readonly Dictionary<SiloAddress, long> _toldAt = [];

    /// <inheritdoc/>
    public async Task Put(TaskDefinition definition, byte[] script) => await StoreAsync(await _state.GetAsync(), definition, script);

    /// <inheritdoc/>
    public async Task<TaskDefinition?> Update(TaskDefinition definition, byte[] script) =>
        await FindAsync() is { Definition: { } current } task
            ? await StoreAsync(
                task,
                definition with { Id = current.Id, Customer = current.Customer, SecretHash = current.SecretHash, CreatedAt = current.CreatedAt },
                script)
            : null;

    /// <inheritdoc/>
    public async Task<TaskDefinition?> RenewSecret(byte[] secretHash) =>
        await FindAsync() is { Definition: { } current } task
            ? await StoreAsync(task, current with { SecretHash = secretHash }, task.Script)
            : null;

    /// <inheritdoc/>
    public async Task<TaskDefinition?> Get() => (await FindAsync())?.Definition;

    /// <inheritdoc/>
    public async Task<Guid?> GetRevision(SiloAddress silo)
    {
        var revision = (await Get())?.Revision;
        if (revision is not null)
        {
            _toldAt[silo] = timeProvider.GetTimestamp();
        }

        return revision;
    }

    /// <inheritdoc/>
    public async Task<byte[]?> GetScript(string digest) =>
        FindScript(_state.Known, digest) ?? FindScript(await _state.ReadAsync(), digest);

    /// <inheritdoc/>
    public async Task<bool> Delete()
    {
        var existed = await FindAsync() is not null;
        if (existed)
        {
            await ForgetRevisionAsync();
            await _state.ClearAsync();
            DeactivateOnIdle();
        }

        return existed;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => ForgetRevisionAsync();

    private static byte[]? FindScript(TaskState? task, string digest) =>
        task?.Definition is not { } current ? null
        : current.ScriptDigest == digest ? task.Script
        : task.Earlier.FirstOrDefault(earlier => earlier.Digest == digest)?.Script;

    /// <summary>The scripts of the task before it is replaced, as many as are kept.</summary>
    private static EarlierScript[] EarlierThan(TaskState? replaced, TaskDefinition replacement)
    {
        if (replaced?.Definition is not { } current)
        {
            return [];
        }

        var last = current.ScriptDigest is null ? [] : (EarlierScript[])[new(current.ScriptDigest, replaced.Script)];
        var bytes = 0;
        return
        [
            .. last.Concat(replaced.Earlier)
                .DistinctBy(earlier => earlier.Digest)
                .Where(earlier => earlier.Digest != replacement.ScriptDigest)
                .Take(EarlierScripts)
                .TakeWhile(earlier => (bytes += earlier.Script.Length) <= EarlierBytes),
        ];
    }

    /// <summary>The task with its scripts; null if there is none.</summary>
    private async ValueTask<TaskState?> FindAsync()
    {
        if (await _state.GetAsync() is { Definition: not null } task)
        {
            return task;
        }

        // A client that makes up ids must not fill the memory with their grains.
        DeactivateOnIdle();
        return null;
    }

    /// <summary>Has all silos forget the revision: this grain may not hear of their next questions, or must not answer them before a change is stored.</summary>
    private async Task ForgetRevisionAsync()
    {
        await Task.WhenAll(_toldAt.Select(told => revisions.ForgetAtAsync(this.GetPrimaryKeyString(), told.Key, told.Value)));
        _toldAt.Clear();
    }

    /// <param name="replaced">The task that is replaced; null if there is none.</param>
    /// <param name="definition">The task that replaces it.</param>
    /// <param name="script">Its script.</param>
    /// <returns>The task as it is now.</returns>
    private async Task<TaskDefinition> StoreAsync(TaskState? replaced, TaskDefinition definition, byte[] script)
    {
        await ForgetRevisionAsync();
        definition = definition with { Revision = Guid.NewGuid() };
        await _state.SetAsync(new TaskState { Definition = definition, Script = script, Earlier = EarlierThan(replaced, definition) });
        return definition;
    }
}
