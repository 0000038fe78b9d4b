namespace SyncCluster.TheEye.Jobs;

/// <summary>A task and its jobs, of which TheEye keeps only the newest.</summary>
internal sealed class TaskOfCustomer(TheEyeTask task, TheEyeCustomer customer)
{
    private readonly Lock _lock = new();

    /// <summary>By their ids, as TheEye sorts them: two that are created at once may come here in another order.</summary>
    private readonly SortedList<string, Job> _jobs = new(StringComparer.Ordinal);

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
            _jobs[job.Id] = job;
            var older = Math.Max(0, _jobs.Count - task.KeepLimit);
            for (var index = older - 1; index >= 0; index--)
            {
                if (remove(_jobs.GetValueAtIndex(index)))
                {
                    _jobs.RemoveAt(index);
                }
            }
        }
    }
}
