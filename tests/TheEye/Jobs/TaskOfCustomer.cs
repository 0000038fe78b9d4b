namespace SyncCluster.TheEye.Jobs;

/// <summary>A task and the queue of its finished jobs, of which TheEye keeps only the newest.</summary>
internal sealed class TaskOfCustomer(TheEyeTask task, TheEyeCustomer customer)
{
    private readonly Lock _lock = new();
    private readonly Queue<Job> _finished = [];

    public TheEyeTask Task => task;

    public TheEyeCustomer Customer => customer;

    /// <summary>Adds an ended job to the queue; returns the job that must be deleted for it.</summary>
    public Job? Ended(Job job)
    {
        if (!task.AutoremoveCompletedJobs)
        {
            return null;
        }

        lock (_lock)
        {
            if (job.IsInQueue)
            {
                return null;
            }

            job.IsInQueue = true;
            _finished.Enqueue(job);
            if (_finished.Count <= task.KeepLimit)
            {
                return null;
            }

            var oldest = _finished.Dequeue();
            oldest.IsInQueue = false;
            return oldest;
        }
    }
}
