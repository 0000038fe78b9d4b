using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Orleans.Storage;
using SyncCluster.Execution.Local;
using SyncCluster.Jobs;
using SyncCluster.Storage;
using SyncCluster.Telemetry;

namespace SyncCluster.SerialTasks;

/// <summary>
/// Runs the jobs of a <c>multitasking:false</c> task one after the other, on whichever silos of the cluster they wait.
/// <para>
/// <b>Never two at once.</b> A job is started only after it was seen as the first of the stored queue, and it stays the first until its end is
/// stored: the queue changes by compare-and-swap, and a job is removed only when its record says that it has ended or is gone. So an activation whose
/// memory is old does no harm: the job that it takes for the first either still is, or has ended and can't be assigned any more. A job that is taken
/// over after its silo has died keeps its place, which belongs to the job and not to the silo.
/// </para>
/// <para>
/// <b>No job waits for ever.</b> A job's grain tells the queue of the end, and the queue tells the silo of the next job. Either message may be lost.
/// So each silo reports every few seconds which jobs wait there, and the queue then asks the grain of the first job whether it has ended; that
/// question also ends or takes over a job that was lost with its silo. A first job whose silo is unknown here is asked for at once.
/// </para>
/// </summary>
[GrainType("taskline"), CollectionAgeLimit(Minutes = 2), RandomPlacement]
internal sealed partial class TaskQueueGrain(
    IGrainContext context,
    [FromKeyedServices(StorageNames.Jobs)] IGrainStorage storage,
    IGrainFactory grains,
    RunnerServiceClient runners,
    ServerMetrics metrics,
    TimeProvider timeProvider,
    ILogger<TaskQueueGrain> logger) : IGrainBase, ITaskQueueGrain
{
    /// <summary>One call checks no more jobs than that. The next call goes on.</summary>
    private const int MaxChecks = 16;

    /// <summary>The first job is checked no more often than that, however many silos report.</summary>
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1.5);

    private readonly TaskQueueStore _store = new(storage, context.GrainId, metrics, timeProvider, logger);
    private readonly Dictionary<string, SiloAddress> _silos = [];
    private string? _first;

    /// <summary>When the first job was last checked, or its silo told; null if neither has happened yet.</summary>
    private long? _firstCheckedAt;

    /// <inheritdoc/>
    public IGrainContext GrainContext => context;

    private string Customer => context.GrainId.Key.ToString()!.Split('/')[0];

    private bool IsCheckDue => _firstCheckedAt is not { } checkedAt || timeProvider.GetElapsedTime(checkedAt) >= CheckInterval;

    /// <inheritdoc/>
    public async Task<TaskQueueReply?> Enter(string jobId, SiloAddress silo)
    {
        _silos[jobId] = silo;
        return await ChangeAsync(queue => queue.With(jobId)) ? await ReplyAsync([jobId], []) : null;
    }

    /// <inheritdoc/>
    public async Task<TaskQueueReply?> Wait(string[] jobIds, SiloAddress silo)
    {
        if (!await ChangeAsync(queue => queue))
        {
            return null;
        }

        List<string> ended = [];
        foreach (var jobId in jobIds)
        {
            _silos[jobId] = silo;
        }

        // A job that is not in the queue has left it with its end, or has never entered it, since a message was lost.
        foreach (var jobId in jobIds.Except(_store.Queue.Jobs).Take(MaxChecks).ToArray())
        {
            if (await HasEndedAsync(jobId))
            {
                _silos.Remove(jobId);
                ended.Add(jobId);
            }
            else if (!await ChangeAsync(queue => queue.With(jobId)))
            {
                return null;
            }
        }

        return await ReplyAsync(jobIds, [.. ended]);
    }

    /// <inheritdoc/>
    public async Task Leave(string jobId)
    {
        if (await RemoveAsync(jobId))
        {
            await CheckFirstAsync([]);
        }
    }

    private async Task<TaskQueueReply?> ReplyAsync(string[] waiting, string[] ended) =>
        await CheckFirstAsync(waiting) ? new TaskQueueReply(_store.Queue.First, ended) : null;

    /// <summary>
    /// Asks the grain of the first job whether the job has ended, and removes it if so; unless the caller has just reported that it waits, or it was
    /// checked a moment ago. False: storage can't be reached.
    /// </summary>
    private async Task<bool> CheckFirstAsync(string[] waiting)
    {
        for (var checks = 0; checks < MaxChecks && _first is { } first && !waiting.Contains(first) && IsCheckDue; checks++)
        {
            _firstCheckedAt = timeProvider.GetTimestamp();
            if (!await HasEndedAsync(first))
            {
                break;
            }

            if (!await RemoveAsync(first))
            {
                return false;
            }
        }

        return true;
    }

    private Task<bool> RemoveAsync(string jobId)
    {
        _silos.Remove(jobId);
        return ChangeAsync(queue => queue.Without(jobId));
    }

    private async Task<bool> ChangeAsync(Func<TaskQueue, TaskQueue> change)
    {
        if (!await _store.ChangeAsync(change))
        {
            return false;
        }

        if (_store.Queue.First != _first)
        {
            _first = _store.Queue.First;
            _firstCheckedAt = null;
            if (_first is not null && _silos.TryGetValue(_first, out var silo))
            {
                // Counts as a check: the job is asked for only if this message has no effect.
                _firstCheckedAt = timeProvider.GetTimestamp();
                runners.On(silo).BecameFirst(JobKey.Of(Customer, _first)).Ignore();
            }
        }

        return true;
    }

    /// <summary>Whether a job has ended. False if its grain does not answer: it is asked again later.</summary>
    private async Task<bool> HasEndedAsync(string jobId)
    {
        try
        {
            return await grains.GetJob(JobKey.Of(Customer, jobId)).HasEndedAsync();
        }
        catch (Exception fault)
        {
            LogJobUnknown(fault, jobId);
            return false;
        }
    }
}
