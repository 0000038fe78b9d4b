using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Storage;
using SyncCluster.Storage;

namespace SyncCluster.Jobs.Listing;

/// <summary>Lists the jobs of a customer. Key: the customer's name.</summary>
[Alias("sync.joblist")]
public interface IJobListGrain : IGrainWithStringKey
{
    /// <returns>The jobs; null if the storage can't be reached.</returns>
    [Alias("find"), ResponseTimeout("00:00:15")]
    Task<JobPage?> Find(JobQuery query);

    /// <summary>Counts the jobs by their tasks.</summary>
    /// <returns>Null if the storage can't be reached.</returns>
    [Alias("count"), ResponseTimeout("00:00:15")]
    Task<TaskJobCount[]?> Count(JobQuery query);

    /// <summary>Sums up the customer's newest jobs by their tasks. It reads a bounded part of the index, and no job's record.</summary>
    /// <returns>Null if the storage can't be reached.</returns>
    [Alias("activity"), ResponseTimeout("00:00:02")]
    Task<TaskActivities?> SumUp(TaskActivityQuery query);
}

/// <inheritdoc cref="IJobListGrain"/>
[GrainType("joblist"), StatelessWorker, Reentrant]
internal sealed partial class JobListGrain(
    IGrainContext context,
    [FromKeyedServices(StorageNames.Jobs)] IGrainStorage storage,
    IJobIndex index,
    IGrainFactory grains,
    IClusterMembershipService membership,
    TimeProvider timeProvider,
    ILogger<JobListGrain> logger) : IGrainBase, IJobListGrain
{
    /// <summary>The most bytes of a page, roughly: scripts may give their jobs long members.</summary>
    private const int MaxBytes = 8 << 20;

    /// <summary>How many of the newest jobs are summed up.</summary>
    private const int MaxSummedUp = 2000;

    private readonly string _customer = context.GrainId.Key.ToString()!;
    private readonly JobListing _listing = new(index, new(storage, grains, membership), timeProvider);

    /// <inheritdoc/>
    public IGrainContext GrainContext => context;

    /// <inheritdoc/>
    public async Task<JobPage?> Find(JobQuery query)
    {
        JobPosition? last = query.After is { } text && JobPosition.TryParse(text, out var after) ? after : null;
        var jobs = new List<byte[]>();
        var bytes = 0;
        try
        {
            await foreach (var (at, record) in _listing.FindAsync(_customer, query, last))
            {
                if (record is null)
                {
                    return new([.. jobs], at.ToString());
                }

                if (jobs.Count == query.Limit || bytes > MaxBytes)
                {
                    return new([.. jobs], last?.ToString());
                }

                jobs.Add(JobDocument.Row(record));
                bytes += jobs[^1].Length;
                last = at;
            }
        }
        catch (Exception fault)
        {
            LogNotListed(fault, _customer);
            return null;
        }

        return new([.. jobs], null);
    }

    /// <inheritdoc/>
    public async Task<TaskJobCount[]?> Count(JobQuery query)
    {
        var counts = new Dictionary<string, int>();
        try
        {
            JobPosition? after = null;
            do
            {
                var from = after;
                after = null;
                await foreach (var (at, record) in _listing.FindAsync(_customer, query, from))
                {
                    if (record is null)
                    {
                        after = at;
                        break;
                    }

                    counts[record.Spec.TaskId] = counts.GetValueOrDefault(record.Spec.TaskId) + 1;
                }
            }
            while (after is not null);
        }
        catch (Exception fault)
        {
            LogNotListed(fault, _customer);
            return null;
        }

        return [.. counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => new TaskJobCount(count.Key, count.Value))];
    }

    /// <inheritdoc/>
    public async Task<TaskActivities?> SumUp(TaskActivityQuery query)
    {
        try
        {
            var all = JobFilter.Of(new() { Viewer = query.Viewer });
            var found = await index.FindAsync(_customer, all, new(After: null, IsAscending: false), MaxSummedUp);
            return TaskActivities.Of(query, found.Entries, isLast: found.Next is null);
        }
        catch (Exception fault)
        {
            LogNotListed(fault, _customer);
            return null;
        }
    }
}
