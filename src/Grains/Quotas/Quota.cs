using SyncCluster.Jobs;

namespace SyncCluster.Quotas;

/// <summary>The queued and running jobs of a customer. Jobs are kept by id, so that a repeated message counts once.</summary>
internal sealed class Quota
{
    private readonly Dictionary<string, Entry> _jobs = [];
    private readonly Dictionary<string, int> _tasks = [];

    public int Count => _jobs.Count;

    public bool Contains(string jobId) => _jobs.ContainsKey(jobId);

    /// <summary>Counts a new job, if the limits allow it.</summary>
    /// <returns>The limit that is reached; null: the job is counted.</returns>
    public JobReply.QuotaExceeded? TryTake(CountedJob job, JobQuota limits, long now)
    {
        if (_jobs.ContainsKey(job.JobId))
        {
            return null;
        }

        if (_jobs.Count >= limits.Customer)
        {
            return new(QuotaScope.Customer, limits.Customer.Value);
        }

        if (_tasks.GetValueOrDefault(job.TaskId) >= limits.Task)
        {
            return new(QuotaScope.Task, limits.Task.Value);
        }

        Add(job, now);
        return null;
    }

    /// <summary>Counts a job that exists, even over the limits.</summary>
    public void Add(CountedJob job, long now)
    {
        if (_jobs.TryAdd(job.JobId, new(job.TaskId, now)))
        {
            _tasks[job.TaskId] = _tasks.GetValueOrDefault(job.TaskId) + 1;
        }
    }

    public void Remove(string jobId)
    {
        if (_jobs.Remove(jobId, out var entry) && --_tasks[entry.TaskId] == 0)
        {
            _tasks.Remove(entry.TaskId);
        }
    }

    /// <summary>The jobs that were counted at that moment or before, and that no silo holds: they may have ended.</summary>
    public string[] NotHeld(IReadOnlySet<string> held, long countedUntil) =>
        [.. _jobs.Where(job => job.Value.CountedAt <= countedUntil && !held.Contains(job.Key)).Select(job => job.Key)];

    private readonly record struct Entry(string TaskId, long CountedAt);
}
