using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Execution;
using SyncCluster.Jobs;
using SyncCluster.Storage;
using SyncCluster.Telemetry;

namespace SyncCluster.Quotas;

/// <summary>
/// Admits new jobs on this silo. Before any of a job is stored it needs room in the storage, a reservation in the executor's queue, here or on
/// another silo, and to be within the quotas of its customer and its task. A job without a quota costs no call to another grain.
/// </summary>
internal sealed partial class JobAdmission(
    IJobExecutor executor,
    StorageCapacity storageCapacity,
    StoredBytes storedBytes,
    IOptionsMonitor<JobQuotaOptions> quotas,
    IGrainFactory grains,
    ServerMetrics metrics,
    ILogger<JobAdmission> logger)
{
    private readonly ConcurrentDictionary<(string Customer, string JobId), JobSpec> _inTransit = new();

    /// <summary>Requests admission for one job.</summary>
    public async Task<AdmissionResult> RequestAsync(JobSpec spec)
    {
        if (CheckStorage(spec) is { } noRoom)
        {
            return new AdmissionResult.Refused(noRoom);
        }

        IRemoteReservation? elsewhere = null;
        switch (executor.TryReserve(spec))
        {
            case Reservation.QueueFull when (elsewhere = await executor.ReserveElsewhereAsync(spec)) is null:
                return new AdmissionResult.Refused(new JobReply.QueueFull());
            case Reservation.NotAccepting:
                return new AdmissionResult.Refused(new JobReply.Unavailable());
        }

        var admitted = new AdmissionResult.Admitted(this, executor, spec, elsewhere);
        if (!IsCounted(spec) || await TakeQuotaAsync(spec) is not { } refusal)
        {
            return admitted;
        }

        admitted.Dispose();
        return new AdmissionResult.Refused(refusal);
    }

    /// <summary>Whether a new job may take room in the storage. A job that another system runs already is only attached to.</summary>
    /// <returns>Why it may not; null if it may.</returns>
    public JobReply? CheckStorage(JobSpec spec) =>
        spec.Origin == JobOrigin.ExternallyReleased ? null
        : quotas.CurrentValue.StoredBytesOf(spec.Customer) is { } quota && storedBytes.Of(spec.Customer) >= quota
            ? new JobReply.QuotaExceeded(QuotaScope.StoredBytes, (int)(quota >> 20))
        : storageCapacity.IsFullFor(spec.Customer) ? new JobReply.StorageFull()
        : null;

    /// <summary>A new job was refused for good: what was first refused may turn out to be a repeat, whose job exists.</summary>
    public void CountRefusal(JobReply refusal)
    {
        if (LimitOf(refusal) is { } limit)
        {
            metrics.Rejected(limit);
        }
    }

    /// <summary>A job that exists was taken over: it is counted now, if it was not.</summary>
    public void CountExisting(JobSpec spec)
    {
        if (IsCounted(spec))
        {
            QuotaOf(spec).Add(CountedJob.Of(spec)).Ignore();
        }
    }

    /// <summary>A job has ended, or was not stored after its admission.</summary>
    public void ReleaseQuota(JobSpec spec)
    {
        if (IsCounted(spec))
        {
            QuotaOf(spec).GiveBack(spec.JobId).Ignore();
        }
    }

    /// <summary>The customer's counted jobs that are admitted and that the executor does not have yet.</summary>
    public IEnumerable<CountedJob> InTransit(string customer) => _inTransit.Values.Where(spec => spec.Customer == customer).Select(CountedJob.Of);

    internal void EndTransit(JobSpec spec) => _inTransit.TryRemove((spec.Customer, spec.JobId), out _);

    private static string? LimitOf(JobReply refusal) => refusal switch
    {
        JobReply.QueueFull => "queue",
        JobReply.StorageFull => "storage",
        JobReply.QuotaExceeded { By: QuotaScope.Customer } => "customer_jobs",
        JobReply.QuotaExceeded { By: QuotaScope.Task } => "task_jobs",
        JobReply.QuotaExceeded { By: QuotaScope.StoredBytes } => "customer_bytes",
        _ => null,
    };

    private async Task<JobReply?> TakeQuotaAsync(JobSpec spec)
    {
        try
        {
            if (await QuotaOf(spec).Take(CountedJob.Of(spec)) is { } exceeded)
            {
                return exceeded;
            }

            _inTransit[(spec.Customer, spec.JobId)] = spec;
            return null;
        }
        catch (Exception fault)
        {
            LogQuotaUnknown(fault, spec.JobId);
            return new JobReply.Unavailable();
        }
    }

    private bool IsCounted(JobSpec spec) =>
        spec.Origin != JobOrigin.ExternallyReleased && !quotas.CurrentValue.Of(spec.Customer, spec.TaskId).IsUnlimited;

    private IQuotaGrain QuotaOf(JobSpec spec) => grains.GetGrainByKey<IQuotaGrain>(spec.Customer);
}
