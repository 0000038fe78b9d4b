using Microsoft.Extensions.Logging;

namespace SyncCluster.Execution.Local;

/// <summary>Puts the jobs that this silo holds into its queues.</summary>
internal sealed partial class JobEnqueuer(JobQueues queues, HeldJobs held, ILogger<JobEnqueuer> logger)
{
    /// <summary>Queues a job. If the queue is closed the silo no longer holds the job: another silo takes it over.</summary>
    public void Enqueue(QueuedJob job)
    {
        if (queues.TryAdd(job))
        {
            LogQueued(job.Spec.JobId, job.Spec.Customer, job.Attempt);
        }
        else
        {
            held.Remove(job);
            LogQueueClosed(job.Spec.JobId);
        }
    }
}
