using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;

namespace SyncCluster.Quotas;

/// <summary>Counts a customer's queued and running jobs in the whole cluster. Key: the customer. Told at <c>JobCountGrain</c>.</summary>
[Alias("sync.count")]
public interface IQuotaGrain : IGrainWithStringKey
{
    /// <summary>Counts a new job, of which nothing is stored yet.</summary>
    /// <returns>The limit that does not allow it; null: it counts.</returns>
    [Alias("take"), ResponseTimeout("00:00:02")]
    Task<JobReply.QuotaExceeded?> Take(CountedJob job);

    /// <summary>Counts a job that exists and was taken over, whatever the limits.</summary>
    [Alias("add"), ResponseTimeout("00:00:02")]
    Task Add(CountedJob job);

    /// <summary>The job's end is stored.</summary>
    [Alias("giveback"), ResponseTimeout("00:00:02")]
    Task GiveBack(string jobId);
}

/// <summary>
/// The count is in memory only. A new activation has all silos say which jobs they have before it answers. It asks them again every few seconds, and
/// the grain of each job that no silo has any more: one that has ended, or that was never stored, counts no longer, so that no lost message can keep
/// a place for ever; and one that was lost with its silo is ended or taken over by that. A job that a silo has in two looks, and that does not count,
/// counts from then on: there may have been two activations for a while. What is left: jobs of a silo that has died are not counted by an activation
/// that never heard of them, until somebody asks for them.
/// </summary>
[GrainType("jobcount"), CollectionAgeLimit(Minutes = 2)]
internal sealed partial class QuotaGrain(
    IGrainContext context,
    IGrainFactory grains,
    SiloInventoryClient censuses,
    IOptionsMonitor<JobQuotaOptions> limits,
    TimeProvider timeProvider,
    ILogger<QuotaGrain> logger) : IGrainBase, IQuotaGrain
{
    private const int AsksAtOnce = 16;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    /// <summary>A job that has counted for less long may be on its way to its silo.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(3);

    private readonly Quota _count = new();

    /// <summary>What silos had at the last look that does not count. Most of it has ended just then.</summary>
    private HashSet<string> _uncounted = [];

    /// <inheritdoc/>
    public IGrainContext GrainContext => context;

    private string Customer => context.GrainId.Key.ToString()!;

    /// <inheritdoc/>
    public async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Add(await censuses.HeldAsync(Customer));

        // Interleaved: what it asks may take seconds, and no call is to wait for that.
        this.RegisterGrainTimer(CheckAsync, new GrainTimerCreationOptions(Interval, Interval) { Interleave = true });
    }

    /// <inheritdoc/>
    public Task<JobReply.QuotaExceeded?> Take(CountedJob job) =>
        Task.FromResult(_count.TryTake(job, limits.CurrentValue.Of(Customer, job.TaskId), timeProvider.GetTimestamp()));

    /// <inheritdoc/>
    public Task Add(CountedJob job)
    {
        _count.Add(job, timeProvider.GetTimestamp());
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task GiveBack(string jobId)
    {
        _count.Remove(jobId);
        return Task.CompletedTask;
    }

    private async Task CheckAsync(CancellationToken stop)
    {
        var settled = timeProvider.GetTimestamp() - (long)(Settled.TotalSeconds * timeProvider.TimestampFrequency);
        var held = await censuses.HeldAsync(Customer);
        Add(held.Where(job => _uncounted.Contains(job.JobId)));
        _uncounted = [.. held.Select(job => job.JobId).Where(jobId => !_count.Contains(jobId))];
        foreach (var jobs in _count.Doubtful(held.Select(job => job.JobId).ToHashSet(), settled).Chunk(AsksAtOnce).TakeWhile(_ => !stop.IsCancellationRequested))
        {
            await Task.WhenAll(jobs.Select(CheckAsync));
        }
    }

    private async Task CheckAsync(string jobId)
    {
        if (await HasEndedAsync(jobId))
        {
            _count.Remove(jobId);
        }
    }

    private void Add(IEnumerable<CountedJob> jobs)
    {
        foreach (var job in jobs)
        {
            _count.Add(job, timeProvider.GetTimestamp());
        }
    }

    private Task<bool> HasEndedAsync(string jobId) =>
        grains.GetJob(JobKey.Of(Customer, jobId)).HasEndedAsync(fault => LogNoWord(fault, jobId));

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job}: no word from its grain. It counts on.")]
    private partial void LogNoWord(Exception fault, string job);
}
