using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Execution;
using SyncCluster.Jobs;
using SyncCluster.Storage;

namespace SyncCluster.Quotas;

/// <summary>
/// What a new job needs on this silo before anything of it is stored: room in the storage, a place in the queue, and to be within its customer's and
/// its task's limits. Where there are none, nobody is asked.
/// </summary>
internal sealed partial class JobAdmission(
    IJobExecutor executor, StorageCapacity room, IOptionsMonitor<JobQuotaOptions> limits, IGrainFactory grains, ILogger<JobAdmission> logger)
{
    private readonly ConcurrentDictionary<string, JobSpec> _onTheirWay = new();

    /// <summary>Asks for one job. Disposed of, it is not on its way any more: the executor has it, or nobody.</summary>
    public async Task<AdmissionResult> AskAsync(JobSpec spec)
    {
        if (room.IsFull && spec.Origin != JobOrigin.ExternallyReleased)
        {
            return AdmissionResult.Refused(new JobReply.StorageFull());
        }

        var place = executor.TryReserve(spec.Customer);
        if (place != Reservation.Reserved)
        {
            return AdmissionResult.Refused(place == Reservation.QueueFull ? new JobReply.QueueFull() : new JobReply.Unavailable());
        }

        var key = JobKey.Of(spec.Customer, spec.JobId);
        var admission = new AdmissionResult(() => executor.CancelReservation(spec.Customer), () => _onTheirWay.TryRemove(key, out _));
        if (!Counts(spec))
        {
            return admission;
        }

        try
        {
            if (await CountOf(spec).Take(CountedJob.Of(spec)) is not { } over)
            {
                _onTheirWay[key] = spec;
                return admission;
            }

            admission.Dispose();
            return AdmissionResult.Refused(over);
        }
        catch (Exception fault)
        {
            LogNotCounted(fault, spec.JobId);
            admission.Dispose();
            return AdmissionResult.Refused(new JobReply.Unavailable());
        }
    }

    /// <summary>A job that exists was taken over: it counts, if it did not.</summary>
    public void Add(JobSpec spec)
    {
        if (Counts(spec))
        {
            CountOf(spec).Add(CountedJob.Of(spec)).Ignore();
        }
    }

    /// <summary>A job has ended, or was not stored after all.</summary>
    public void GiveBack(JobSpec spec)
    {
        if (Counts(spec))
        {
            CountOf(spec).GiveBack(spec.JobId).Ignore();
        }
    }

    /// <summary>The customer's jobs that are on their way to the executor.</summary>
    public IEnumerable<CountedJob> OnTheirWay(string customer) => _onTheirWay.Values.Where(spec => spec.Customer == customer).Select(CountedJob.Of);

    private bool Counts(JobSpec spec) =>
        spec.Origin != JobOrigin.ExternallyReleased && limits.CurrentValue.Of(spec.Customer, spec.TaskId) is not (null, null);

    private IQuotaGrain CountOf(JobSpec spec) => grains.GetGrain<IQuotaGrain>(spec.Customer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} is not taken: whether it is within the limits is not known.")]
    private partial void LogNotCounted(Exception fault, string job);
}

/// <summary>What became of a request for admission.</summary>
internal sealed class AdmissionResult(Action giveBackPlace, Action arrive) : IDisposable
{
    private bool _used;

    /// <summary>Why the job is not taken; null: it may be stored and released.</summary>
    public JobReply? Refusal { get; private init; }

    public static AdmissionResult Refused(JobReply refusal) => new(() => { }, () => { }) { Refusal = refusal };

    /// <summary>The place is the job's now.</summary>
    public void Use() => _used = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_used)
        {
            giveBackPlace();
        }

        arrive();
    }
}
