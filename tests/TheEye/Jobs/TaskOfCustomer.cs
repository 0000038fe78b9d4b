namespace SyncCluster.TheEye.Jobs;

/// <summary>A task and its jobs, of which TheEye keeps only the newest.</summary>
internal sealed class TaskOfCustomer(TheEyeTask task, TheEyeCustomer customer)
{
    private readonly Lock _lock = new();
    private readonly List<Job> _jobs = [];

    public TheEyeTask Task => task;

    public TheEyeCustomer Customer => customer;

    /// <summary>
    /// Adds a new job, and deletes the ended ones that are older than the newest <see cref="TheEyeTask.KeepLimit"/> jobs of any lifecycle, the new
    /// one included. Nothing is deleted at any other moment.
    /// </summary>
    /// <param name="job">The new job.</param>
    /// <param name="remove">Deletes an older job; true if it is gone then.</param>
    public void Add(Job job, Predicate<Job> remove)
    {
        if (!task.AutoremoveCompletedJobs)
        {
            return;
        }

        lock (_lock)
        {
            _jobs.Add(job);
            var older = Math.Max(0, _jobs.Count - task.KeepLimit);
            for (var index = older - 1; index >= 0; index--)
            {
                if (remove(_jobs[index]))
                {
                    _jobs.RemoveAt(index);
                }
            }
        }
    }
}
