using System.Diagnostics;
using System.Text;
using SyncCluster.Jobs;

namespace SyncCluster.Harness;

/// <summary>One job of a test: its grain, its stored record, its gateways and its runner.</summary>
internal sealed class TestJob(JobTestCluster cluster, JobSpec spec)
{
    /// <summary>For a submit that no gateway gives up.</summary>
    public static readonly DateTimeOffset Valid = DateTimeOffset.MaxValue;

    public static readonly JobOutcome Success = ServerOutcomes.Dummy("[\"done\"]"u8.ToArray());

    public static readonly JobOutcome Failure = ServerOutcomes.NotRun("It failed.");

    public JobSpec Spec => spec;

    public string Key => JobKey.Of(spec.Customer, spec.JobId);

    public IJobGrain Grain => cluster.Grains.GetGrain<IJobGrain>(Key);

    /// <summary>The faults of the storage for this job.</summary>
    public FaultyStorage.Faults Storage => cluster.Storage.Of(Grain.GetGrainId());

    /// <summary>What the executors were given of this job.</summary>
    public RecordedJob Executor => cluster.Executor.Of(spec.JobId);

    /// <summary>The same job, of a call with an idempotency key.</summary>
    /// <param name="arguments">What the call's fingerprint is made of.</param>
    public JobSpec WithFingerprint(string arguments) => spec with { Fingerprint = Encoding.UTF8.GetBytes(arguments) };

    public Task<JobRecord?> StoredAsync() => cluster.Storage.PeekAsync(Grain.GetGrainId());

    public Task PutAsync(JobRecord record) => cluster.Storage.PutAsync(Grain.GetGrainId(), record);

    /// <summary>Stores the record as another activation makes it, whose job is queued on a silo of the cluster.</summary>
    /// <returns>The other activation's attempt.</returns>
    public Task<Guid> FenceElsewhereAsync() => FenceElsewhereAsync(spec);

    /// <inheritdoc cref="FenceElsewhereAsync()"/>
    public async Task<Guid> FenceElsewhereAsync(JobSpec submitted)
    {
        var attempt = Guid.NewGuid();
        await PutAsync(JobRecord.Fenced(submitted, attempt, cluster.RunnerAddress, DateTimeOffset.UtcNow));
        return attempt;
    }

    /// <summary>An observer of this job at a gateway of its own.</summary>
    /// <param name="failures">So many pushes to it fail.</param>
    public TestObserver Observer(int failures = 0) => new(this, cluster.Grains, failures);

    /// <summary>Submits the job for a new observer.</summary>
    public Task<JobReply> TrySubmitAsync() => Grain.Submit(spec, Observer().Subscription(1), Valid);

    /// <summary>Submits the job.</summary>
    /// <exception cref="InvalidOperationException">Its grain does not say that the job goes on.</exception>
    public async Task<TestObserver> SubmitAsync()
    {
        var observer = Observer();
        Require(await Grain.Submit(spec, observer.Subscription(1), Valid), reply => reply is JobReply.Pending);
        return observer;
    }

    /// <summary>Asks to start an attempt, as the runner of its silo.</summary>
    public Task<Assignment> AssignAsync(Guid attempt, Guid run) => Grain.Assign(attempt, run, cluster.RunnerAddress);

    /// <summary>Starts the newest attempt.</summary>
    /// <exception cref="InvalidOperationException">The start is not granted.</exception>
    public async Task<Guid> RunAsync()
    {
        var run = Guid.NewGuid();
        Require(await AnswerAsync(() => AssignAsync(Executor.Attempts.Last(), run)), assignment => assignment == Assignment.Granted);
        return run;
    }

    /// <summary>Runs the job to its end.</summary>
    /// <exception cref="InvalidOperationException">Its end is not accepted.</exception>
    public async Task FinishAsync()
    {
        var run = await RunAsync();
        Require(await AnswerAsync(() => Grain.Complete(run, Success)), completion => completion == Completion.Accepted);
    }

    /// <summary>Makes a runner's call, and repeats it as a runner does when its grain has not answered within the call's own limit.</summary>
    /// <exception cref="TimeoutException">The grain has not answered for a long time.</exception>
    public static async Task<T> AnswerAsync<T>(Func<Task<T>> call)
    {
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                return await call();
            }
            catch (TimeoutException) when (Stopwatch.GetElapsedTime(begun) < JobTestCluster.Patience)
            {
                // The call may have been carried out: it is the same one that is repeated.
            }
        }
    }

    /// <summary>Stores the end as another activation would.</summary>
    public async Task EndBehindTheGrainAsync() => await PutAsync((await StoredAsync())!.Ended(Success, DateTimeOffset.UtcNow));

    private void Require<T>(T answer, Func<T, bool> isExpected)
    {
        if (!isExpected(answer))
        {
            throw new InvalidOperationException($"Job {spec.JobId}: its grain answered {answer}.");
        }
    }
}
