using Orleans.Concurrency;
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

    /// <summary>Reserves a place in this silo's queue for a new job of a silo whose own is full. It lapses after some seconds.</summary>
    /// <param name="reservation">The reservation's id.</param>
    /// <param name="customer">The job's customer.</param>
    /// <param name="depth">The job's depth.</param>
    [Alias("reserve"), ResponseTimeout("00:00:01")]
    Task<bool> Reserve(Guid reservation, string customer, int depth);

    /// <summary>
    /// Queues a job for which a place is reserved. The job's record names this silo as its runner. False: the silo stops, or the reservation has
    /// lapsed, and there is no place any more.
    /// </summary>
    [Alias("release"), ResponseTimeout("00:00:01")]
    Task<bool> Release(Guid reservation, JobSpec spec, Guid attempt);

    /// <summary>Cancels a reservation for which no job was released.</summary>
    [Alias("unreserve"), OneWay]
    Task CancelReservation(Guid reservation);

    /// <summary>The job is the first in its task's queue. Sent once; the message may be lost.</summary>
    /// <param name="key">Its <see cref="JobKey"/>.</param>
    [Alias("turn"), ResponseTimeout("00:00:02")]
    Task BecameFirst(string key);
}
