using Orleans.Services;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

/// <summary>
/// The runner of one silo, reachable from all silos by the silo's address. It is a grain service and no observer, because observers on a silo that
/// stops can't be reached, and other silos ask for its jobs just then.
/// </summary>
[Alias("sync.runner")]
public interface IRunnerService : IGrainService
{
    /// <summary>Whether an attempt of a job is queued or running here, or its end is still being reported.</summary>
    [Alias("holds"), ResponseTimeout("00:00:02")]
    Task<bool> Holds(string jobId, Guid attempt);

    /// <summary>Stops the job's run. False: this silo does not hold the job.</summary>
    [Alias("stop"), ResponseTimeout("00:00:02")]
    Task<bool> Stop(string jobId, Guid attempt);

    /// <summary>What the job's script has printed from an offset on; null if the job does not run here.</summary>
    [Alias("log"), ResponseTimeout("00:00:02")]
    Task<JobLog?> ReadLog(string jobId, Guid attempt, long from);

    /// <summary>The job is the first in its task's queue. Sent once; the message may be lost.</summary>
    /// <param name="key">Its <see cref="JobKey"/>.</param>
    [Alias("turn"), ResponseTimeout("00:00:02")]
    Task BecameFirst(string key);
}
