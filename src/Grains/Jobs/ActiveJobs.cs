using System.Collections.Concurrent;

namespace SyncCluster.Jobs;

/// <summary>A job that has not ended, as an operator sees it.</summary>
/// <param name="Customer">Whose it is.</param>
/// <param name="JobId">Its id.</param>
/// <param name="TaskId">The task that it is a call of.</param>
/// <param name="Lifecycle">Where it is on its way.</param>
/// <param name="CreatedAt">When it was called.</param>
/// <param name="Gateways">How many gateways wait for it.</param>
public sealed record ActiveJob(string Customer, string JobId, string TaskId, Lifecycle Lifecycle, DateTimeOffset CreatedAt, int Gateways);

/// <summary>The unfinished jobs whose grains are in this silo's memory. One that nobody has asked for since its silo went is in none.</summary>
public sealed class ActiveJobs
{
    private readonly ConcurrentDictionary<JobGrain, byte> _grains = new(ReferenceEqualityComparer.Instance);

    /// <summary>The oldest first.</summary>
    public IReadOnlyList<ActiveJob> Oldest(int limit) =>
        [.. _grains.Keys.Select(grain => grain.Unfinished).OfType<ActiveJob>().OrderBy(job => job.CreatedAt).Take(limit)];

    internal void Watch(JobGrain grain) => _grains.TryAdd(grain, 0);

    internal void Forget(JobGrain grain) => _grains.TryRemove(grain, out _);
}
