using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;

namespace SyncCluster.Quotas;

/// <summary>
/// Counts a customer's jobs in memory.
/// <para>
/// A new activation asks all silos which jobs they hold before it answers. It repeats that every few seconds, and asks the grain of each counted job
/// that no silo holds: a job that has ended or was never stored is no longer counted, so no lost message can use up a quota for ever. That question
/// also ends or takes over a job that was lost with its silo. A job that is held in two inventories and is not counted is counted from then on: for a
/// while there may have been two activations.
/// </para>
/// <para>
/// One gap remains: an activation that never heard of the jobs of a dead silo does not count them until a call activates their grains.
/// </para>
/// </summary>
[GrainType("jobcount"), CollectionAgeLimit(Minutes = 2)]
internal sealed partial class QuotaGrain(
    IGrainContext context,
    IGrainFactory grains,
    SiloInventoryClient inventory,
    IOptionsMonitor<JobQuotaOptions> quotas,
    TimeProvider timeProvider,
    ILogger<QuotaGrain> logger) : IGrainBase, IQuotaGrain
{
    private const int ConcurrentChecks = 16;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    /// <summary>A job that was counted later may still be in transit to its silo.</summary>
    private static readonly TimeSpan MaxTransit = TimeSpan.FromSeconds(3);

    private readonly Quota _quota = new();

    /// <summary>The jobs in the last inventory that are not counted. Most of them had just ended.</summary>
    private HashSet<string> _uncounted = [];

    /// <inheritdoc/>
    public IGrainContext GrainContext => context;

    private string Customer => context.GrainId.Key.ToString()!;

    /// <inheritdoc/>
    public async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Add((await inventory.HeldAsync(Customer)).Jobs);

        // Interleaves: its questions may take seconds, and must not delay calls.
        this.RegisterGrainTimer(CheckAsync, new GrainTimerCreationOptions(Interval, Interval) { Interleave = true });
    }

    /// <inheritdoc/>
    public Task<JobReply.QuotaExceeded?> Take(CountedJob job) =>
        Task.FromResult(_quota.TryTake(job, quotas.CurrentValue.Of(Customer, job.TaskId), timeProvider.GetTimestamp()));

    /// <inheritdoc/>
    public Task Add(CountedJob job)
    {
        _quota.Add(job, timeProvider.GetTimestamp());
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task GiveBack(string jobId)
    {
        _quota.Remove(jobId);
        return Task.CompletedTask;
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        var countedUntil = timeProvider.GetTimestamp() - (long)(MaxTransit.TotalSeconds * timeProvider.TimestampFrequency);
        var (held, _) = await inventory.HeldAsync(Customer);
        Add(held.Where(job => _uncounted.Contains(job.JobId)));
        _uncounted = [.. held.Select(job => job.JobId).Where(jobId => !_quota.Contains(jobId))];
        var notHeld = _quota.NotHeld(held.Select(job => job.JobId).ToHashSet(), countedUntil);
        foreach (var jobs in notHeld.Chunk(ConcurrentChecks).TakeWhile(_ => !cancellationToken.IsCancellationRequested))
        {
            await Task.WhenAll(jobs.Select(RemoveIfEndedAsync));
        }
    }

    private async Task RemoveIfEndedAsync(string jobId)
    {
        try
        {
            if (await grains.GetJob(JobKey.Of(Customer, jobId)).HasEndedAsync())
            {
                _quota.Remove(jobId);
            }
        }
        catch (Exception fault)
        {
            LogJobUnknown(fault, jobId);
        }
    }

    private void Add(IEnumerable<CountedJob> jobs)
    {
        foreach (var job in jobs)
        {
            _quota.Add(job, timeProvider.GetTimestamp());
        }
    }
}
