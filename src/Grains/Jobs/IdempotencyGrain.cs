using Microsoft.Extensions.Logging;
using SyncCluster.Storage;

namespace SyncCluster.Jobs;

/// <summary>
/// A call that may be repeated, of a job whose id somebody else chooses: which job it is, decided once. Key: the hash of what the call shares with its
/// repeats. Where this cluster chooses the ids they are made of that hash, and nothing needs to be remembered.
/// </summary>
[Alias("sync.call")]
public interface IIdempotencyGrain : IGrainWithStringKey
{
    /// <summary>The call's job, as its first caller made it; null where it has none yet.</summary>
    [Alias("find"), ResponseTimeout("00:00:03")]
    Task<JobSpec?> Find();

    /// <summary>Makes the job the call's, unless it has one.</summary>
    /// <returns>The call's job from now on; null where it is not known which: ask again.</returns>
    [Alias("bind"), ResponseTimeout("00:00:05")]
    Task<JobSpec?> Bind(JobSpec job);

    /// <summary>The job will never run: the next call makes another one.</summary>
    /// <returns>False where that is not certain yet: ask again.</returns>
    [Alias("unbind"), ResponseTimeout("00:00:05")]
    Task<bool> Unbind(string jobId);
}

/// <summary>What is stored of a call.</summary>
[GenerateSerializer, Immutable, Alias("sync.call.state")]
internal sealed record IdempotencyState
{
    /// <summary>Null where the job that it had will never run.</summary>
    [Id(0)] public JobSpec? Job { get; init; }
}

/// <inheritdoc cref="IIdempotencyGrain"/>
[GrainType("call"), CollectionAgeLimit(Minutes = 2)]
internal sealed partial class IdempotencyGrain(
    [PersistentState("call", StorageNames.Jobs)] IPersistentState<IdempotencyState> stored, ILogger<IdempotencyGrain> logger) : Grain, IIdempotencyGrain
{
    private JobSpec? Job => stored.RecordExists ? stored.State.Job : null;

    /// <inheritdoc/>
    public Task<JobSpec?> Find() => Task.FromResult(Job);

    /// <inheritdoc/>
    public async Task<JobSpec?> Bind(JobSpec job) => Job ?? (await WriteAsync(new IdempotencyState { Job = job }) ? job : null);

    /// <inheritdoc/>
    public async Task<bool> Unbind(string jobId) => Job?.JobId != jobId || await WriteAsync(new IdempotencyState());

    /// <summary>False: it is not known what is stored now, and the next activation reads it.</summary>
    private async Task<bool> WriteAsync(IdempotencyState next)
    {
        stored.State = next;
        try
        {
            await stored.WriteStateAsync();
            return true;
        }
        catch (Exception fault)
        {
            LogWriteFailed(fault, this.GetPrimaryKeyString());
            DeactivateOnIdle();
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Writing the job of call {Call} failed: it will be read again.")]
    private partial void LogWriteFailed(Exception fault, string call);
}
