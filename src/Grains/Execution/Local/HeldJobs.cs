using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;
using SyncCluster.Quotas;

namespace SyncCluster.Execution.Local;

/// <summary>
/// The jobs that this silo holds, each from its release until its end is reported or it is handed over, and the queue capacity that they use.
/// </summary>
internal sealed class HeldJobs(IOptions<LocalExecutorOptions> options, TimeProvider timeProvider)
{
    /// <summary>The limit of a log part in bytes: it is sent in one message.</summary>
    private const int LogPartLimit = 64 << 10;

    /// <summary>Longer than a submit is valid: by then the job of another silo is released here, or will not be.</summary>
    private static readonly TimeSpan ReservationTime = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string JobId, Guid Attempt), QueuedJob> _jobs = new();

    /// <summary>The places that other silos have reserved, by the ids of their reservations.</summary>
    private readonly ConcurrentDictionary<Guid, (FairCapacity Capacity, string Customer, long Since)> _reservations = new();

    /// <summary>The capacity of the queue of each depth: children find room although those that may wait for them have filled their own queue.</summary>
    private readonly FairCapacity[] _capacities =
        [.. Enumerable.Range(0, JobSpec.MaxDepth + 1).Select(_ => new FairCapacity(options.Value.QueueLimit + options.Value.Concurrency))];

    /// <summary>How many there are.</summary>
    public int Count => _jobs.Count;

    /// <summary>All of them, at this moment.</summary>
    public IReadOnlyCollection<ExecutorJob> All => [.. _jobs.Values.Select(job => new ExecutorJob(job.Spec, job.Log is null))];

    /// <summary>How many places other silos have reserved and not used.</summary>
    public int Reservations => _reservations.Count;

    /// <summary>Reserves capacity for a new job. False: its queue is full.</summary>
    public bool TryReserve(JobSpec spec) => TryReserve(CapacityOf(spec), spec.Customer);

    /// <summary>Reserves capacity for a new job of another silo, for some seconds. False: its queue is full here, too.</summary>
    public bool TryReserve(Guid reservation, string customer, int depth)
    {
        var capacity = _capacities[depth];
        return TryReserve(capacity, customer) && _reservations.TryAdd(reservation, (capacity, customer, timeProvider.GetTimestamp()));
    }

    /// <summary>
    /// Uses the reservation of another silo for a job that is added now. If it has lapsed, capacity is reserved anew. False: there is none.
    /// </summary>
    public bool TryUse(Guid reservation, JobSpec spec) => _reservations.TryRemove(reservation, out _) || TryReserve(spec);

    /// <summary>Reserves capacity for a job that was accepted before, even if its queue is full.</summary>
    public void Reserve(JobSpec spec) => CapacityOf(spec).Reserve(spec.Customer);

    /// <summary>Cancels a reservation for which no job was added.</summary>
    public void CancelReservation(JobSpec spec) => CapacityOf(spec).Release(spec.Customer);

    /// <summary>Cancels the reservation of another silo, unless it was used.</summary>
    public void CancelReservation(Guid reservation)
    {
        if (_reservations.TryRemove(reservation, out var reserved))
        {
            reserved.Capacity.Release(reserved.Customer);
        }
    }

    /// <summary>Adds a job that was released here, for which capacity is reserved.</summary>
    /// <param name="spec">The job.</param>
    /// <param name="attempt">The attempt that has released it.</param>
    /// <param name="since">The timestamp of its release.</param>
    public QueuedJob Add(JobSpec spec, Guid attempt, long since)
    {
        var job = new QueuedJob(spec, attempt, since);
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

    private bool TryReserve(FairCapacity capacity, string customer)
    {
        if (capacity.TryReserve(customer))
        {
            return true;
        }

        CancelLapsedReservations();
        return capacity.TryReserve(customer);
    }

    /// <summary>The silo that made a reservation may have died since.</summary>
    private void CancelLapsedReservations()
    {
        foreach (var (id, reserved) in _reservations)
        {
            if (timeProvider.GetElapsedTime(reserved.Since) >= ReservationTime)
            {
                CancelReservation(id);
            }
        }
    }

    private FairCapacity CapacityOf(JobSpec spec) => _capacities[spec.Depth];
}
