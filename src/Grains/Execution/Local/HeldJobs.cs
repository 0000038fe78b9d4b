using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;
using SyncCluster.Quotas;

namespace SyncCluster.Execution.Local;

/// <summary>
/// The jobs that this silo holds, each from its release until its end is reported or it is handed over, and the queue capacity that they use.
/// </summary>
internal sealed class HeldJobs(IOptions<LocalExecutorOptions> options)
{
    /// <summary>The limit of a log part in bytes: it is sent in one message.</summary>
    private const int LogPartLimit = 64 << 10;

    private readonly ConcurrentDictionary<(string JobId, Guid Attempt), QueuedJob> _jobs = new();

    /// <summary>The capacity of the queue of each depth: children find room although those that may wait for them have filled their own queue.</summary>
    private readonly FairCapacity[] _capacities =
        [.. Enumerable.Range(0, JobSpec.MaxDepth + 1).Select(_ => new FairCapacity(options.Value.QueueLimit + options.Value.Concurrency))];

    /// <summary>Reserves capacity for a new job. False: its queue is full.</summary>
    public bool TryReserve(JobSpec spec) => CapacityOf(spec).TryReserve(spec.Customer);

    /// <summary>Reserves capacity for a job that was accepted before, even if its queue is full.</summary>
    public void Reserve(JobSpec spec) => CapacityOf(spec).Reserve(spec.Customer);

    /// <summary>Cancels a reservation for which no job was added.</summary>
    public void CancelReservation(JobSpec spec) => CapacityOf(spec).Release(spec.Customer);

    /// <summary>Adds a job that was released here, for which capacity is reserved.</summary>
    public QueuedJob Add(JobSpec spec, Guid attempt)
    {
        var job = new QueuedJob(spec, attempt);
        _jobs[(spec.JobId, attempt)] = job;
        return job;
    }

    /// <summary>Removes a job and its reservation. Does nothing if the job was removed before.</summary>
    public void Remove(QueuedJob job)
    {
        if (_jobs.TryRemove((job.Spec.JobId, job.Attempt), out _))
        {
            CancelReservation(job.Spec);
        }
    }

    /// <summary>Whether an attempt of a job is queued or running here, or its end is still being reported.</summary>
    public bool Contains(string jobId, Guid attempt) => _jobs.ContainsKey((jobId, attempt));

    /// <summary>The jobs of a customer.</summary>
    public IEnumerable<CountedJob> Of(string customer) =>
        _jobs.Values.Where(job => job.Spec.Customer == customer).Select(job => CountedJob.Of(job.Spec));

    /// <summary>Stops the job's run. False: this silo does not hold the job.</summary>
    public bool Stop(string jobId, Guid attempt)
    {
        var isHeld = _jobs.TryGetValue((jobId, attempt), out var job);
        if (isHeld)
        {
            job!.Cancellation.Cancel();
        }

        return isHeld;
    }

    /// <summary>What the job's script has printed from an offset on; null if the job does not run here.</summary>
    public JobLog? ReadLog(string jobId, Guid attempt, long from) =>
        _jobs.TryGetValue((jobId, attempt), out var job) && job.Log?.Read(from, LogPartLimit) is { } part ? new JobLog(part.From, part.Text) : null;

    private FairCapacity CapacityOf(JobSpec spec) => _capacities[spec.Depth];
}
