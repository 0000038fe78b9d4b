using Orleans.Services;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

/// <summary>
/// The runner of one silo, reachable from all others by the silo's address. A grain service and no observer, since observers on a silo that stops
/// can't be reached, and it is then that its jobs are asked for.
/// </summary>
[Alias("sync.runner")]
public interface IRunnerService : IGrainService
{
    /// <summary>Whether the job's attempt is queued or running here, or its end still being reported.</summary>
    [Alias("holds"), ResponseTimeout("00:00:02")]
    Task<bool> Holds(string jobId, Guid attempt);

    /// <summary>Stops the job's run. False: it is not here.</summary>
    [Alias("stop"), ResponseTimeout("00:00:02")]
    Task<bool> Stop(string jobId, Guid attempt);

    /// <summary>What the job's script has printed from a place on; null where it is not here.</summary>
    [Alias("log"), ResponseTimeout("00:00:02")]
    Task<JobLog?> ReadLog(string jobId, Guid attempt, long from);

    /// <summary>The job is the first in its task's line. Told once, and perhaps in vain.</summary>
    /// <param name="key">Its <see cref="JobKey"/>.</param>
    [Alias("turn"), ResponseTimeout("00:00:02")]
    Task TurnHasCome(string key);
}
