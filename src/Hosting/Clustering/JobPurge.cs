using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Storage;
using StackExchange.Redis;
using SyncCluster.Jobs;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Removes the ended jobs of a customer from Redis before they expire. An ended record never changes, so that its job's grain need not be asked; if the grain
/// is active, it goes on answering from memory for a while.
/// </summary>
internal sealed partial class JobPurge(
    RedisConnection redis,
    [FromKeyedServices(StorageNames.Jobs)] IGrainStorage storage,
    RedisStoredBytes storedBytes,
    IGrainFactory grains,
    IOptions<ClusterOptions> cluster,
    TimeProvider timeProvider,
    ILogger<JobPurge> logger)
{
    private const int RemovalsAtOnce = 32;

    /// <summary>How long a job is kept after its end: a submit that is under way would create it again. More than submits are valid, and clocks differ.</summary>
    private static readonly TimeSpan ShortestAge = TimeSpan.FromMinutes(1);

    private enum Outcome
    {
        Removed,
        NotFound,
        Unfinished,
        Recent,
        HasKey,
        Failed,
    }

    /// <param name="customer">The customer.</param>
    /// <param name="limit">How many jobs are removed at most.</param>
    /// <param name="withKeys">Whether also jobs whose calls have an idempotency key: a repeat of such a call then runs its task again.</param>
    /// <param name="aborted">Canceled when the client has disconnected. What was removed until then stays removed.</param>
    /// <exception cref="RedisException">Redis can't be reached.</exception>
    public async Task<PurgedJobs> PurgeAsync(string customer, int limit, bool withKeys, CancellationToken aborted)
    {
        var endedUntil = timeProvider.GetUtcNow() - ShortestAge;
        var purged = new PurgedJobs { Complete = true };
        var batch = new HashSet<string>();
        await foreach (var job in FindAsync(customer, aborted))
        {
            batch.Add(job);
            if (batch.Count >= Math.Min(RemovalsAtOnce, limit - purged.Removed))
            {
                purged = await RemoveAsync(customer, batch, endedUntil, withKeys, purged);
                batch.Clear();
                if (purged.Removed == limit)
                {
                    purged = purged with { Complete = false };
                    break;
                }
            }
        }

        purged = await RemoveAsync(customer, batch, endedUntil, withKeys, purged);
        LogPurged(purged.Removed, customer);
        return purged;
    }

    /// <summary>The ids of the customer's jobs. A job may be named twice.</summary>
    private async IAsyncEnumerable<string> FindAsync(string customer, [EnumeratorCancellation] CancellationToken aborted)
    {
        // A name of a customer or a cluster has no character that is special in a pattern.
        var prefix = $"{RedisKeys.States(cluster.Value.ServiceId)}{grains.GetJob(JobKey.Of(customer, "")).GetGrainId()}";
        const string Suffix = $"/{JobStore.StateName}";
        await foreach (var key in redis.FindKeysAsync($"{prefix}*{Suffix}", aborted))
        {
            if (key.ToString()[prefix.Length..^Suffix.Length] is var job && JobId.IsValid(job))
            {
                yield return job;
            }
        }
    }

    /// <summary>Removes some jobs and adds up what became of them.</summary>
    private async Task<PurgedJobs> RemoveAsync(
        string customer, IReadOnlyCollection<string> jobs, DateTimeOffset endedUntil, bool withKeys, PurgedJobs before)
    {
        var removals = await Task.WhenAll(jobs.Select(job => RemoveAsync(JobKey.Of(customer, job), endedUntil, withKeys)));
        var removed = removals.Where(removal => removal.Outcome == Outcome.Removed).Select(removal => removal.Record!).ToArray();
        await storedBytes.SubtractAsync(customer, removed.Select(record => (record.LastUpdate, (long)record.Size)));
        return before with
        {
            Removed = before.Removed + removed.Length,
            Bytes = before.Bytes + removed.Sum(record => (long)record.Size),
            Unfinished = before.Unfinished + Count(Outcome.Unfinished),
            Recent = before.Recent + Count(Outcome.Recent),
            WithKey = before.WithKey + Count(Outcome.HasKey),
            Failed = before.Failed + Count(Outcome.Failed),
        };

        int Count(Outcome outcome) => removals.Count(removal => removal.Outcome == outcome);
    }

    private async Task<(Outcome Outcome, JobRecord? Record)> RemoveAsync(string key, DateTimeOffset endedUntil, bool withKeys)
    {
        var grain = grains.GetJob(key).GetGrainId();
        var state = new GrainState<JobRecord?>();
        try
        {
            await storage.ReadStateAsync(JobStore.StateName, grain, state);
            switch (state.RecordExists ? state.State : null)
            {
                case null:
                    return (Outcome.NotFound, null);
                case { HasEnded: false }:
                    return (Outcome.Unfinished, null);
                case { LastUpdate: var ended } when ended > endedUntil:
                    return (Outcome.Recent, null);
                case { Spec.HasIdempotencyKey: true } when !withKeys:
                    return (Outcome.HasKey, null);
                case { } record:
                    await storage.ClearStateAsync(JobStore.StateName, grain, state);
                    return (Outcome.Removed, record);
            }
        }
        catch (Exception fault)
        {
            LogNotRemoved(fault, key);
            return (Outcome.Failed, null);
        }
    }
}
