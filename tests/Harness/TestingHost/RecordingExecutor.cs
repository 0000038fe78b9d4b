using System.Collections.Concurrent;
using SyncCluster.Execution;
using SyncCluster.Jobs;
using SyncCluster.Quotas;

namespace SyncCluster.Harness;

/// <summary>
/// A silo's executor that runs nothing: it records what it is given. The test runs the jobs, by the calls that a runner makes. A job is lost, as
/// <c>LocalExecutor</c> has it, when the silo that it was released on is dead.
/// </summary>
internal sealed class RecordingExecutor(RecordedJobs jobs, ILocalSiloDetails silo, IClusterMembershipService membership)
    : IJobExecutor, ILifecycleParticipant<ISiloLifecycle>
{
    public SiloAddress Address => silo.SiloAddress;

    public bool IsStopping => jobs.IsStopping;

    public Reservation TryReserve(JobSpec spec)
    {
        if (jobs.NextReservation == Reservation.Reserved)
        {
            Reserve(spec);
        }

        return jobs.NextReservation;
    }

    public Task<IRemoteReservation?> ReserveElsewhereAsync(JobSpec spec) => Task.FromResult<IRemoteReservation?>(jobs.Elsewhere);

    public void Reserve(JobSpec spec) => jobs.AddReservations(1);

    public void CancelReservation(JobSpec spec) => jobs.AddReservations(-1);

    public void Release(Release release) => jobs.Of(release.Spec.JobId).Release(release.Attempt, Address);

    public async ValueTask<Resumption> ResumeAsync(JobRecord record, CallerTokens tokens) =>
        jobs.Of(record.Spec.JobId).Resume is { } resume ? await resume(record)
        : membership.CurrentSnapshot.GetSiloStatus(record.Runner!) != SiloStatus.Dead ? new Resumption.KeepWaiting()
        : record.Lifecycle == Lifecycle.Ready ? new Resumption.TakeOver()
        : new Resumption.End(ServerOutcomes.LostWithItsRunner());

    public void NotReleased(JobRecord record) => jobs.Of(record.Spec.JobId).NotReleased.Enqueue(record.Attempt);

    public IEnumerable<CountedJob> JobsOf(string customer) => jobs.Held.Where(job => job.Silo.Equals(Address)).Select(job => job.Job);

    public ValueTask<bool> StopAsync(JobRecord record) => new(jobs.Of(record.Spec.JobId).Stops);

    public ValueTask<JobLog?> ReadLogAsync(JobRecord record, long from) => default;

    public void Participate(ISiloLifecycle lifecycle)
    {
        // It needs no start and no stop.
    }
}

/// <summary>What the executors of a test's silos were given, and how they answer.</summary>
internal sealed class RecordedJobs
{
    private readonly ConcurrentDictionary<string, RecordedJob> _jobs = new();
    private int _reservations;

    /// <summary>The answer to a new job.</summary>
    public Reservation NextReservation { get; set; } = Reservation.Reserved;

    /// <summary>The place on another silo for a job that the queue here is full for; null: there is none.</summary>
    public RecordedPlace? Elsewhere { get; set; }

    /// <summary>The jobs that an inventory of the silos finds.</summary>
    public IReadOnlyList<(SiloAddress Silo, CountedJob Job)> Held { get; set; } = [];

    /// <summary>Whether the executors say that their silos stop.</summary>
    public bool IsStopping { get; set; }

    /// <summary>Reservations made and not canceled.</summary>
    public int Reservations => Volatile.Read(ref _reservations);

    public RecordedJob Of(string jobId) => _jobs.GetOrAdd(jobId, _ => new RecordedJob());

    public void AddReservations(int count) => Interlocked.Add(ref _reservations, count);
}

/// <summary>A place that is reserved on another silo.</summary>
internal sealed class RecordedPlace(SiloAddress silo) : IRemoteReservation
{
    public SiloAddress Silo => silo;

    /// <summary>Whether a release is acknowledged.</summary>
    public bool Acknowledges { get; set; } = true;

    /// <summary>The attempts that were released there.</summary>
    public ConcurrentQueue<Guid> Attempts { get; } = new();

    public bool IsCanceled { get; private set; }

    public Task<bool> ReleaseAsync(Release release)
    {
        Attempts.Enqueue(release.Attempt);
        return Task.FromResult(Acknowledges);
    }

    public void Cancel() => IsCanceled = true;
}

/// <summary>What the executors were given of one job.</summary>
internal sealed class RecordedJob
{
    private readonly ConcurrentDictionary<Guid, SiloAddress> _silos = new();

    /// <summary>The attempts that were released, in order.</summary>
    public ConcurrentQueue<Guid> Attempts { get; } = new();

    /// <summary>The attempts of which another silo has found out that they have released nothing.</summary>
    public ConcurrentQueue<Guid> NotReleased { get; } = new();

    /// <summary>The first attempt.</summary>
    public TaskCompletionSource<Guid> First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Action<Guid> OnRelease { get; set; } = _ => { };

    /// <summary>What becomes of an unfinished record that a grain asks for; null: that depends on its silo.</summary>
    public Func<JobRecord, Task<Resumption>>? Resume { get; set; }

    /// <summary>Whether the executor finds the run that it is to stop.</summary>
    public bool Stops { get; set; }

    /// <summary>The silo that an attempt was released on.</summary>
    public SiloAddress SiloOf(Guid attempt) => _silos[attempt];

    public void Release(Guid attempt, SiloAddress silo)
    {
        _silos[attempt] = silo;
        Attempts.Enqueue(attempt);
        OnRelease(attempt);
        First.TrySetResult(attempt);
    }
}
