using SyncCluster.Tasks;

namespace SyncCluster.SerialTasks;

/// <summary>
/// The queue of a task that runs one job at a time. Key: the task's <see cref="TaskKey"/>. <c>TaskQueueGrain</c> describes the protocol.
/// </summary>
[Alias("sync.line.grain")]
public interface ITaskQueueGrain : IGrainWithStringKey
{
    /// <summary>Adds a job to the queue, unless it is in it. The job's record must be stored.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="silo">The silo where it waits, which is told when the job becomes the first.</param>
    /// <returns>Null: storage can't be reached, and the queue is unknown.</returns>
    [Alias("enter"), ResponseTimeout("00:00:05")]
    Task<TaskQueueReply?> Enter(string jobId, SiloAddress silo);

    /// <summary>Reports which jobs still wait on a silo. Repeated every few seconds, so that no single message is needed.</summary>
    /// <returns>Null: storage can't be reached, and the queue is unknown.</returns>
    [Alias("wait"), ResponseTimeout("00:00:05")]
    Task<TaskQueueReply?> Wait(string[] jobIds, SiloAddress silo);

    /// <summary>The job's end is stored.</summary>
    [Alias("leave"), ResponseTimeout("00:00:05")]
    Task Leave(string jobId);
}

/// <summary>The state of a queue.</summary>
/// <param name="First">The job that may run.</param>
/// <param name="Ended">Those of the reported jobs that have ended.</param>
[GenerateSerializer, Immutable, Alias("sync.line.reply")]
public sealed record TaskQueueReply([property: Id(0)] string? First, [property: Id(1)] string[] Ended);
