using SyncCluster.Jobs;
using SyncCluster.Quotas;

namespace SyncCluster.Execution;

/// <summary>Runs jobs, as seen from a job's grain. Every call returns at once or soon; none waits for a job.</summary>
internal interface IJobExecutor
{
    /// <summary>The silo on which a job that is released here is queued.</summary>
    SiloAddress Address { get; }

    /// <summary>Whether the silo is stopping.</summary>
    bool IsStopping { get; }

    /// <summary>Reserves capacity for a new job.</summary>
    Reservation TryReserve(JobSpec spec);

    /// <summary>
    /// Reserves capacity on another silo for a new job, since there is none here. Null: there is none elsewhere, or all silos have theirs in common.
    /// </summary>
    Task<IRemoteReservation?> ReserveElsewhereAsync(JobSpec spec) => Task.FromResult<IRemoteReservation?>(null);

    /// <summary>Reserves capacity for a job that was accepted before, even if the queue is full.</summary>
    void Reserve(JobSpec spec);

    /// <summary>Cancels a reservation: the job was not released after all.</summary>
    void CancelReservation(JobSpec spec);

    /// <summary>Starts a job for which capacity is reserved. Called by the activation whose attempt stands in storage.</summary>
    void Release(Release release);

    /// <summary>Decides what the grain does with an unfinished record when it is asked for the job (rule I9).</summary>
    /// <param name="record">The record.</param>
    /// <param name="tokens">The callers' tokens, for requests to TheEye; the activation keeps them up to date.</param>
    ValueTask<Resumption> ResumeAsync(JobRecord record, CallerTokens tokens);

    /// <summary>Another silo has found out that the record's attempt has not released the job, and never will.</summary>
    void NotReleased(JobRecord record)
    {
    }

    /// <summary>The customer's jobs that were released here and are not known to have ended.</summary>
    IEnumerable<CountedJob> JobsOf(string customer);

    /// <summary>What there is to do on this silo.</summary>
    ExecutorLoad ReadLoad() => new(0, null, []);

    /// <summary>Stops a run; its end is reported as a completion. False: the runner does not know the run, or can't be reached.</summary>
    ValueTask<bool> StopAsync(JobRecord record);

    /// <summary>What an unfinished job's script has printed from an offset on; null if that is not known.</summary>
    ValueTask<JobLog?> ReadLogAsync(JobRecord record, long from);
}
