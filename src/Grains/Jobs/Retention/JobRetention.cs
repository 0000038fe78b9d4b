using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using SyncCluster.Jobs.Listing;
using SyncCluster.Placement;
using SyncCluster.Storage;

namespace SyncCluster.Jobs.Retention;

/// <summary>
/// Removes ended jobs that are not to be kept until their records expire. It goes through the index of jobs, the oldest ones first, and has each
/// job's grain remove it: the grain keeps what has not ended, or just now, and leaves what keeps a repeat of the call from running again.
/// <para>
/// One silo does so for the cluster: the owner of a name, as <see cref="JobOwners"/> computes it. Silos that see the cluster differently for a moment
/// may do so at once, which removes nothing more. A pass that is interrupted has nothing to go on from: the next one finds what is left.
/// </para>
/// </summary>
internal sealed partial class JobRetention(
    RetentionRules rules,
    [FromKeyedServices(StorageNames.Jobs)] IGrainStorage storage,
    IJobIndex index,
    IGrainFactory grains,
    IClusterMembershipService membership,
    JobOwners owners,
    TimeProvider timeProvider,
    ILogger<JobRetention> logger) : BackgroundService
{
    /// <summary>From one pass to the next.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    private const int EntriesAtOnce = 4096;

    /// <summary>Each record may have 16 MiB.</summary>
    private const int RemovalsAtOnce = 16;

    /// <summary>Its owner makes the passes.</summary>
    private static readonly GrainId Name = GrainId.Create("retention", "jobs");

    private readonly JobListing _listing = new(index, new(storage, grains, membership), timeProvider);

    /// <summary>Nothing is started where nothing is to be removed.</summary>
    public override Task StartAsync(CancellationToken cancellationToken) =>
        rules.IsEmpty ? Task.CompletedTask : base.StartAsync(cancellationToken);

    /// <summary>One pass.</summary>
    /// <returns>How many jobs were removed; null if another silo makes the passes.</returns>
    internal async Task<int?> RunAsync(CancellationToken stopping)
    {
        if (!IsMade)
        {
            return null;
        }

        var pass = new Pass();
        foreach (var customer in await FindCustomersAsync(stopping))
        {
            try
            {
                await RunAsync(customer, pass, stopping);
            }
            catch (Exception fault) when (!stopping.IsCancellationRequested)
            {
                LogInterrupted(fault, customer);
            }
        }

        if (pass.Removed + pass.Failed > 0)
        {
            LogRemoved(pass.Removed, pass.Failed);
        }

        return pass.Removed;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, timeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await RunAsync(stoppingToken);
            }
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // The silo stops. Another one, or the next process, goes on.
        }
    }

    /// <summary>Whether the passes are made here.</summary>
    private bool IsMade => owners.IsOwnedHere(Name);

    private async Task<IEnumerable<string>> FindCustomersAsync(CancellationToken stopping)
    {
        try
        {
            return rules.KeptJobs is null ? rules.Customers.Keys : rules.Customers.Keys.Union(await index.FindCustomersAsync());
        }
        catch (Exception fault) when (!stopping.IsCancellationRequested)
        {
            LogCustomersNotFound(fault);
            return rules.Customers.Keys;
        }
    }

    private async Task RunAsync(string customer, Pass pass, CancellationToken stopping)
    {
        await MendAsync(customer, stopping);
        var own = rules.Of(customer);
        var notKept = await FindNotKeptAsync(customer, own, stopping);
        await foreach (var due in FindDueAsync(customer, own, notKept, stopping).Chunk(Math.Min(RemovalsAtOnce, rules.RemovalsPerSecond)))
        {
            if (!IsMade)
            {
                return;
            }

            foreach (var removal in await Task.WhenAll(due.Select(entry => RemoveAsync(customer, entry, notKept))))
            {
                pass.Removed += removal is Removal.Removed ? 1 : 0;
                pass.Failed += removal is Removal.Unavailable ? 1 : 0;
            }

            await Task.Delay(TimeSpan.FromSeconds((double)due.Length / rules.RemovalsPerSecond), timeProvider, stopping);
        }
    }

    /// <summary>
    /// Has the entries of jobs that have ended say so. Where the change was lost with a silo, an entry is marked unfinished until somebody lists it.
    /// </summary>
    private async Task MendAsync(string customer, CancellationToken stopping)
    {
        var query = new JobQuery
        {
            Viewer = new(IsAdministrator: true, []),
            Lifecycles = JobQuery.Unfinished,
            Until = timeProvider.GetUtcNow() - JobGrain.LeastAge,
            Limit = EntriesAtOnce,
        };
        JobPosition? after = null;
        do
        {
            stopping.ThrowIfCancellationRequested();
            var from = after;
            after = null;
            await foreach (var (at, record) in _listing.FindAsync(customer, query, from))
            {
                after = record is null ? at : after;
            }
        }
        while (after is not null);
    }

    /// <summary>The newest job that is not kept, of each task that has more ended ones than are to be kept of it.</summary>
    private async Task<IReadOnlyDictionary<uint, JobPosition>> FindNotKeptAsync(string customer, CustomerRules own, CancellationToken stopping)
    {
        var newest = new Dictionary<uint, JobPosition>();
        if (!own.AnyKeptJobs)
        {
            return newest;
        }

        var counts = new Dictionary<uint, int>();
        await foreach (var entry in FindAsync(customer, isAscending: false, stopping))
        {
            if (own.Of(entry.Task).KeptJobs is { } limit && (counts[entry.Task] = counts.GetValueOrDefault(entry.Task) + 1) == limit + 1)
            {
                newest.Add(entry.Task, entry.Position);
            }
        }

        return newest;
    }

    /// <summary>The jobs that are to be removed, the oldest calls first.</summary>
    private async IAsyncEnumerable<JobEntry> FindDueAsync(
        string customer, CustomerRules own, IReadOnlyDictionary<uint, JobPosition> notKept, [EnumeratorCancellation] CancellationToken stopping)
    {
        // Later calls have not ended long enough ago.
        var last = notKept.Values.Select(position => position.CreatedAt).DefaultIfEmpty().Max();
        last = own.ShortestExpiry is { } shortest ? Math.Max(last, JobPosition.Micros(timeProvider.GetUtcNow() - shortest)) : last;
        await foreach (var entry in FindAsync(customer, isAscending: true, stopping))
        {
            if (entry.Position.CreatedAt > last)
            {
                yield break;
            }

            var age = timeProvider.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(entry.EndedAt);
            if (own.Of(entry.Task).Removes(age, IsNotKept(entry, entry.Task, notKept)))
            {
                yield return entry;
            }
        }
    }

    private static bool IsNotKept(JobEntry job, uint task, IReadOnlyDictionary<uint, JobPosition> notKept) =>
        notKept.TryGetValue(task, out var newest) && job.Position.CompareTo(newest) <= 0;

    /// <summary>The entries of a customer's ended jobs.</summary>
    private async IAsyncEnumerable<JobEntry> FindAsync(
        string customer, bool isAscending, [EnumeratorCancellation] CancellationToken stopping)
    {
        var filter = JobFilter.Of(new() { Viewer = new(IsAdministrator: true, []), Lifecycles = JobQuery.Ended });
        JobPosition? after = null;
        do
        {
            stopping.ThrowIfCancellationRequested();
            var found = await index.FindAsync(customer, filter, new(after, isAscending), EntriesAtOnce);
            foreach (var entry in found.Entries.Where(entry => entry.HasEnded))
            {
                yield return entry;
            }

            after = found.Next;
        }
        while (after is not null);
    }

    /// <returns>Null if the job is kept: its record has the last word.</returns>
    private async Task<Removal?> RemoveAsync(string customer, JobEntry entry, IReadOnlyDictionary<uint, JobPosition> notKept)
    {
        try
        {
            return await _listing.Records.ReadAsync(customer, entry.Position.JobId) is { HasEnded: true, IsRemoved: false } record
                && rules.Of(customer, record.Spec.TaskId) is var rule
                && rule.Removes(timeProvider.GetUtcNow() - record.LastUpdate, IsNotKept(entry, JobEntry.Hash(record.Spec.TaskId), notKept))
                ? await grains.GetJob(JobKey.Of(customer, entry.Position.JobId)).Remove()
                : null;
        }
        catch (Exception fault)
        {
            LogNotRemoved(fault, entry.Position.JobId, customer);
            return new Removal.Unavailable();
        }
    }

    /// <summary>What has become of a pass.</summary>
    private sealed class Pass
    {
        public int Removed { get; set; }

        public int Failed { get; set; }
    }
}
