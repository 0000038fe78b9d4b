using SyncCluster.Jobs;
using SyncCluster.Quotas;

namespace SyncCluster.Execution;

/// <summary>What runs jobs, seen from a job's grain. Every call returns at once or soon; none waits for a job.</summary>
internal interface IJobExecutor
{
    /// <summary>Where a job that is released here will be queued.</summary>
    SiloAddress Address { get; }

    /// <summary>Whether the silo stops.</summary>
    bool IsStopping { get; }

    /// <summary>Takes a place in the queue for a new job of the customer.</summary>
    Reservation TryReserve(string customer);

    /// <summary>Takes a place for a job that was accepted before, full or not.</summary>
    void Reserve(string customer);

    /// <summary>Gives the place back: the job was not released after all.</summary>
    void CancelReservation(string customer);

    /// <summary>
    /// Starts a job on its way, on a place that was taken for it. Called by the activation whose attempt stands in storage.
    /// </summary>
    void Release(Release release);

    /// <summary>Says what is to become of an unfinished record that somebody asks for (rule I9).</summary>
    /// <param name="record">The record.</param>
    /// <param name="tokens">What TheEye may be asked with; the activation keeps them up to date.</param>
    ValueTask<Resumption> ResumeAsync(JobRecord record, CallerTokens tokens);

    /// <summary>The customer's jobs that were released here and are not known to have ended.</summary>
    IEnumerable<CountedJob> JobsOf(string customer);

    /// <summary>Stops a run; its end comes as a completion. False where nothing of it is known there any more.</summary>
    ValueTask<bool> StopAsync(JobRecord record);

    /// <summary>What an unfinished job's script has printed from a place on; null where nobody can say.</summary>
    ValueTask<JobLog?> ReadLogAsync(JobRecord record, long from);
}
