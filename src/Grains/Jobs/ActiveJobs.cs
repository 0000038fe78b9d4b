using System.Collections.Concurrent;

namespace SyncCluster.Jobs;

/// <summary>A job that has not ended, as an operator sees it.</summary>
/// <param name="Customer">The customer's name.</param>
/// <param name="JobId">Its id.</param>
/// <param name="TaskId">The id of its task.</param>
/// <param name="Lifecycle">Its lifecycle now.</param>
/// <param name="CreatedAt">The time of the call.</param>
/// <param name="Gateways">How many gateways wait for it.</param>
public sealed record ActiveJob(string Customer, string JobId, string TaskId, Lifecycle Lifecycle, DateTimeOffset CreatedAt, int Gateways);

/// <summary>
/// The unfinished jobs whose grains are active on this silo. A job whose grain was lost with its silo is on none until a call activates it again.
/// </summary>
public sealed class ActiveJobs
{
    private readonly ConcurrentDictionary<JobGrain, byte> _grains = new(ReferenceEqualityComparer.Instance);

    /// <summary>The oldest jobs first.</summary>
    public IReadOnlyList<ActiveJob> Oldest(int limit) =>
        [.. Grains.Select(grain => grain.ActiveJob).OfType<ActiveJob>().OrderBy(job => job.CreatedAt).Take(limit)];

    internal IEnumerable<JobGrain> Grains => _grains.Keys;

    internal void Add(JobGrain grain) => _grains.TryAdd(grain, 0);

    internal void Remove(JobGrain grain) => _grains.TryRemove(grain, out _);
}
