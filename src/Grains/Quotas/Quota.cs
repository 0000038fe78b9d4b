using SyncCluster.Jobs;

namespace SyncCluster.Quotas;

/// <summary>A job that counts.</summary>
[GenerateSerializer, Immutable, Alias("sync.count.job")]
public sealed record CountedJob([property: Id(0)] string JobId, [property: Id(1)] string TaskId)
{
    internal static CountedJob Of(JobSpec spec) => new(spec.JobId, spec.TaskId);
}

/// <summary>A customer's queued and running jobs, each by its id, so that whatever is said twice counts once.</summary>
internal sealed class Quota
{
    private readonly Dictionary<string, Entry> _jobs = [];
    private readonly Dictionary<string, int> _tasks = [];

    public int Count => _jobs.Count;

    public bool Contains(string jobId) => _jobs.ContainsKey(jobId);

    /// <summary>Counts a new job, if the limits allow it.</summary>
    /// <returns>The limit that does not; null: it counts.</returns>
    public JobReply.QuotaExceeded? TryTake(CountedJob job, (int? Customer, int? Task) limits, long now)
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

    /// <summary>Counts a job that exists, whatever the limits.</summary>
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

    /// <summary>The jobs that have counted since that moment or longer, but for those that are known to be there.</summary>
    public string[] Doubtful(IReadOnlySet<string> known, long since) =>
        [.. _jobs.Where(job => job.Value.CountedAt <= since && !known.Contains(job.Key)).Select(job => job.Key)];

    private readonly record struct Entry(string TaskId, long CountedAt);
}
