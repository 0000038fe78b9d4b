namespace SyncCluster.TheEye.Jobs;

/// <summary>A task and the row of its finished jobs, of which TheEye keeps the newest only.</summary>
internal sealed class TaskOfCustomer(TheEyeTask task, TheEyeCustomer customer)
{
    private readonly Lock _lock = new();
    private readonly Queue<Job> _finished = [];

    public TheEyeTask Task => task;

    public TheEyeCustomer Customer => customer;

    /// <summary>Puts an ended job into the row; what falls out of it is to be deleted.</summary>
    public Job? Ended(Job job)
    {
        if (!task.AutoremoveCompletedJobs)
        {
            return null;
        }

        lock (_lock)
        {
            if (job.InRow)
            {
                return null;
            }

            job.InRow = true;
            _finished.Enqueue(job);
            if (_finished.Count <= task.KeepLimit)
            {
                return null;
            }

            var oldest = _finished.Dequeue();
            oldest.InRow = false;
            return oldest;
        }
    }
}
