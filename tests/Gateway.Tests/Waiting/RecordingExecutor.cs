using System.Collections.Concurrent;
using SyncCluster.Execution;
using SyncCluster.Jobs;
using SyncCluster.Quotas;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>An executor that runs nothing: it notes what it is given, and says what it is told to say.</summary>
internal sealed class RecordingExecutor : IJobExecutor
{
    private readonly ConcurrentDictionary<string, Log> _jobs = new();
    private int _places;

    public SiloAddress Address { get; set; } = null!;

    /// <summary>What a new job gets.</summary>
    public Reservation Place { get; set; } = Reservation.Reserved;

    /// <summary>What a census finds here.</summary>
    public CountedJob[] HeldJobs { get; set; } = [];

    public bool IsStopping { get; set; }

    /// <summary>Places taken and not given back.</summary>
    public int Places => _places;

    public Log Of(string jobId) => _jobs.GetOrAdd(jobId, _ => new Log());

    public Reservation TryReserve(string customer)
    {
        if (Place == Reservation.Reserved)
        {
            Reserve(customer);
        }

        return Place;
    }

    public void Reserve(string customer) => Interlocked.Increment(ref _places);

    public void CancelReservation(string customer) => Interlocked.Decrement(ref _places);

    public void Release(Release release)
    {
        var log = Of(release.Spec.JobId);
        log.Attempts.Enqueue(release.Attempt);
        log.OnRelease(release.Attempt);
        log.First.TrySetResult(release.Attempt);
    }

    public async ValueTask<Resumption> ResumeAsync(JobRecord record, CallerTokens tokens) => await Of(record.Spec.JobId).Resume(record);

    public IEnumerable<CountedJob> JobsOf(string customer) => HeldJobs;

    public ValueTask<bool> StopAsync(JobRecord record) => new(Of(record.Spec.JobId).Stops);

    public ValueTask<JobLog?> ReadLogAsync(JobRecord record, long from) => default;

    internal sealed class Log
    {
        /// <summary>The attempts that were released, in order.</summary>
        public ConcurrentQueue<Guid> Attempts { get; } = new();

        public TaskCompletionSource<Guid> First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Action<Guid> OnRelease { get; set; } = _ => { };

        public Func<JobRecord, Task<Resumption>> Resume { get; set; } = _ => Task.FromResult<Resumption>(new Resumption.KeepWaiting());

        public bool Stops { get; set; }
    }
}
