using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Orleans.Storage;
using SyncCluster.Execution.Local;
using SyncCluster.Jobs;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.SerialTasks;

/// <summary>The line of a task that runs one job at a time. Key: the task's <see cref="TaskKey"/>. The protocol is told at <c>TaskLineGrain</c>.</summary>
[Alias("sync.line.grain")]
public interface ITaskQueueGrain : IGrainWithStringKey
{
    /// <summary>Puts a job into the line, unless it is in it. Only one whose record is stored.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="silo">Where it waits, and wants to be told when its turn comes.</param>
    /// <returns>Null: storage can't be reached, and nothing is known.</returns>
    [Alias("enter"), ResponseTimeout("00:00:05")]
    Task<TaskQueueReply?> Enter(string jobId, SiloAddress silo);

    /// <summary>Says from time to time which jobs still wait on a silo, so that nothing hangs on a single message.</summary>
    /// <returns>Null: storage can't be reached, and nothing is known.</returns>
    [Alias("wait"), ResponseTimeout("00:00:05")]
    Task<TaskQueueReply?> Wait(string[] jobIds, SiloAddress silo);

    /// <summary>The job's end is stored.</summary>
    [Alias("leave"), ResponseTimeout("00:00:05")]
    Task Leave(string jobId);
}

/// <param name="First">Whose turn it is.</param>
/// <param name="Ended">Of those that were said to wait, those that need not any more.</param>
[GenerateSerializer, Immutable, Alias("sync.line.reply")]
public sealed record TaskQueueReply([property: Id(0)] string? First, [property: Id(1)] string[] Ended);

/// <summary>
/// Has the jobs of a <c>multitasking:false</c> task run one after the other, wherever in the cluster they wait.
/// <para>
/// <b>Why never two.</b> A job is started only after it was seen to be the first of the stored line, and it stays that until its end is stored: the
/// line changes by compare-and-swap, and a job is taken out of it only when its record says that it has ended or is gone. So it does no harm if an
/// activation's memory is old: the job that it calls the first either is still, or has ended and is not assigned any more. A job that is taken over
/// after its silo's death keeps its place, since that is the job's and not the silo's.
/// </para>
/// <para>
/// <b>Why nobody waits for ever.</b> A job's grain tells the line of the end, and the line tells the next one's silo: two messages, either of which
/// may be lost. Therefore each silo says every few seconds which jobs wait there, and that has the line ask the first one's grain how it stands with
/// it; which is also what has a job ended or taken over that was lost with its silo. One whose silo is not known here is asked for at once.
/// </para>
/// </summary>
[GrainType("taskline"), CollectionAgeLimit(Minutes = 2), RandomPlacement]
internal sealed partial class TaskQueueGrain(
    IGrainContext context,
    [FromKeyedServices(StorageNames.Jobs)] IGrainStorage storage,
    IGrainFactory grains,
    RunnerServiceClient runners,
    TimeProvider timeProvider,
    ILogger<TaskQueueGrain> logger) : IGrainBase, ITaskQueueGrain
{
    /// <summary>A call asks for no more jobs than that; the next call goes on.</summary>
    private const int AsksAtMost = 16;

    /// <summary>How often the first one is asked for while others wait: at most that, since those who wait are the ones who ask.</summary>
    private static readonly TimeSpan AskInterval = TimeSpan.FromSeconds(1.5);

    private readonly TaskQueueStore _line = new(storage, context.GrainId, logger);
    private readonly Dictionary<string, SiloAddress> _silos = [];
    private string? _first;
    private long? _askedAt;

    /// <inheritdoc/>
    public IGrainContext GrainContext => context;

    private string Customer => context.GrainId.Key.ToString()!.Split('/')[0];

    /// <inheritdoc/>
    public async Task<TaskQueueReply?> Enter(string jobId, SiloAddress silo)
    {
        _silos[jobId] = silo;
        return await ChangeAsync(line => line.With(jobId)) ? await ReplyAsync([jobId], []) : null;
    }

    /// <inheritdoc/>
    public async Task<TaskQueueReply?> Wait(string[] jobIds, SiloAddress silo)
    {
        if (!await ChangeAsync(line => line))
        {
            return null;
        }

        List<string> ended = [];
        foreach (var jobId in jobIds)
        {
            _silos[jobId] = silo;
        }

        // One that is not in the line has left it with its end, or has not entered it yet: a message was lost.
        foreach (var jobId in jobIds.Except(_line.Queue.Jobs).Take(AsksAtMost).ToArray())
        {
            if (await HasEndedAsync(jobId))
            {
                _silos.Remove(jobId);
                ended.Add(jobId);
            }
            else if (!await ChangeAsync(line => line.With(jobId)))
            {
                return null;
            }
        }

        return await ReplyAsync(jobIds, [.. ended]);
    }

    /// <inheritdoc/>
    public async Task Leave(string jobId)
    {
        if (await TakeOutAsync(jobId))
        {
            await SeeToFirstAsync([]);
        }
    }

    private async Task<TaskQueueReply?> ReplyAsync(string[] waiting, string[] ended) =>
        await SeeToFirstAsync(waiting) ? new TaskQueueReply(_line.Queue.First, ended) : null;

    /// <summary>Asks how it stands with the first one, if nobody says that it waits and nobody has asked for it lately, and takes it out if it has ended.</summary>
    private async Task<bool> SeeToFirstAsync(string[] waiting)
    {
        for (var asks = 0; asks < AsksAtMost && _first is { } first && !waiting.Contains(first) && IsDue; asks++)
        {
            _askedAt = timeProvider.GetTimestamp();
            if (!await HasEndedAsync(first))
            {
                break;
            }

            if (!await TakeOutAsync(first))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsDue => _askedAt is not { } askedAt || timeProvider.GetElapsedTime(askedAt) >= AskInterval;

    private Task<bool> TakeOutAsync(string jobId)
    {
        _silos.Remove(jobId);
        return ChangeAsync(line => line.Without(jobId));
    }

    private async Task<bool> ChangeAsync(Func<TaskQueue, TaskQueue> change)
    {
        if (!await _line.ChangeAsync(change))
        {
            return false;
        }

        if (_line.Queue.First != _first)
        {
            _first = _line.Queue.First;
            _askedAt = null;
            if (_first is not null && _silos.TryGetValue(_first, out var silo))
            {
                // It is told now, and asked for only if that was in vain.
                _askedAt = timeProvider.GetTimestamp();
                runners.On(silo).TurnHasCome(JobKey.Of(Customer, _first)).Ignore();
            }
        }

        return true;
    }

    /// <summary>Whether a job has ended, as its grain says. A grain that can't say so now is asked again later.</summary>
    private async Task<bool> HasEndedAsync(string jobId)
    {
        try
        {
            return await grains.GetJob(JobKey.Of(Customer, jobId)).HasEndedAsync();
        }
        catch (Exception fault)
        {
            LogNoWord(fault, jobId);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job}: no word from its grain. It keeps its place in the line.")]
    private partial void LogNoWord(Exception fault, string job);
}
