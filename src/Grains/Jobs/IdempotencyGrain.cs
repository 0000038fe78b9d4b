using Microsoft.Extensions.Logging;
using SyncCluster.Storage;

namespace SyncCluster.Jobs;

/// <summary>
/// A call with an idempotency key whose job id another system chooses: it binds the call to one job. Key: the hash of what the call shares with its
/// repeats. Where this cluster chooses the ids, they are derived from that hash, and nothing needs to be stored.
/// </summary>
[Alias("sync.call")]
public interface IIdempotencyGrain : IGrainWithStringKey
{
    /// <summary>The job that the call is bound to; null if there is none yet.</summary>
    [Alias("find"), ResponseTimeout("00:00:03")]
    Task<JobSpec?> Find();

    /// <summary>Binds the call to the job, unless it is bound already.</summary>
    /// <returns>The job that the call is bound to; null if that is unknown, since storage can't be reached: ask again.</returns>
    [Alias("bind"), ResponseTimeout("00:00:05")]
    Task<JobSpec?> Bind(JobSpec job);

    /// <summary>The job will never run: the next repeat of the call makes another one.</summary>
    /// <returns>False if storage can't be reached: ask again.</returns>
    [Alias("unbind"), ResponseTimeout("00:00:05")]
    Task<bool> Unbind(string jobId);
}

/// <summary>What is stored of a call.</summary>
[GenerateSerializer, Immutable, Alias("sync.call.state")]
internal sealed record IdempotencyState
{
    /// <summary>Null if the job that the call was bound to will never run.</summary>
    [Id(0)] public JobSpec? Job { get; init; }
}

/// <inheritdoc cref="IIdempotencyGrain"/>
[GrainType("call"), CollectionAgeLimit(Minutes = 2)]
internal sealed partial class IdempotencyGrain(
    [PersistentState("call", StorageNames.Jobs)] IPersistentState<IdempotencyState> stored,
    ILogger<IdempotencyGrain> logger) : Grain, IIdempotencyGrain
{
    private JobSpec? Job => stored.RecordExists ? stored.State.Job : null;

    /// <inheritdoc/>
    public Task<JobSpec?> Find() => Task.FromResult(Job);

    /// <inheritdoc/>
    public async Task<JobSpec?> Bind(JobSpec job)
    {
        if (Job is { } bound)
        {
            return bound;
        }

        LogBinding(this.GetGrainId(), job.JobId);
        return await WriteAsync(new IdempotencyState { Job = job }) ? job : null;
    }

    /// <inheritdoc/>
    public async Task<bool> Unbind(string jobId) => Job?.JobId != jobId || await WriteAsync(new IdempotencyState());

    /// <summary>False: what is stored is unknown. The next activation reads it.</summary>
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
            LogWriteFailed(fault, this.GetGrainId());
            DeactivateOnIdle();
            return false;
        }
    }
}
