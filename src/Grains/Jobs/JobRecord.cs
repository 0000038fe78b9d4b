using SyncCluster.Jobs.Listing;
using SyncCluster.Storage;

namespace SyncCluster.Jobs;

/// <summary>
/// What is stored of a job. The functions below are the only steps from one record to the next. Each returns a copy, so that a grain can write the
/// copy and keep its memory until the write is acknowledged.
/// </summary>
[GenerateSerializer, Immutable, Alias("sync.job.record")]
public sealed record JobRecord : IStoredRecord
{
    /// <summary>The version of this record's layout.</summary>
    [Id(0)] public int Version { get; init; } = 1;

    [Id(1)] public required JobSpec Spec { get; init; }

    /// <summary>The right to release the job: only the activation that wrote this attempt and read it back has it.</summary>
    [Id(2)] public required Guid Attempt { get; init; }

    [Id(3)] public required Lifecycle Lifecycle { get; init; }

    [Id(4)] public JobState State { get; init; }

    /// <summary>The silo where the job is queued or runs.</summary>
    [Id(5)] public SiloAddress? Runner { get; init; }

    /// <summary>
    /// The run that may start the script; <see cref="NoRun"/> before the assignment, and always for a job that an external system runs.
    /// </summary>
    [Id(6)] public Guid Run { get; init; }

    /// <summary>The finished job's document: JSON, UTF-8; null before the end.</summary>
    [Id(7)] public byte[]? Document { get; init; }

    [Id(8)] public DateTimeOffset LastUpdate { get; init; }

    /// <summary>Why an ended job has no answer; null if it has one.</summary>
    [Id(9)] public string? Fault { get; init; }

    /// <summary>
    /// Who waits for a job that is canceled on disconnect. Null for any other job, and from the moment that a client was told where to ask for the
    /// job.
    /// </summary>
    [Id(10)] public JobWaiters? Waiters { get; init; }

    /// <summary>The <see cref="Run"/> of a job that no runner was assigned to.</summary>
    public static Guid NoRun => Guid.Empty;

    public bool HasEnded => Lifecycle.HasEnded();

    /// <summary>The run that was assigned; null if none was, or if an external system runs the job.</summary>
    public JobRun? ScriptRun => Run != NoRun && Runner is { } silo ? new(silo, Run) : null;

    /// <summary>Whether this is what is left of a job that was removed.</summary>
    public bool IsRemoved => Fault == ServerOutcomes.Removed;

    public bool IsAssignedTo(Guid run) => Lifecycle == Lifecycle.Assigned && Run == run;

    public bool MayBeAssignedTo(Guid attempt) => Lifecycle == Lifecycle.Ready && Attempt == attempt;

    /// <summary>
    /// Whether both are the same step of the same call. Two calls with the same key may reach one activation. Who waits for the job is no step of it.
    /// </summary>
    public bool IsSameStepAs(JobRecord other) =>
        (Attempt, Run, Lifecycle, IsRemoved) == (other.Attempt, other.Run, other.Lifecycle, other.IsRemoved) && Spec.IsSameCallAs(other.Spec);

    bool IStoredRecord.IsUnfinished => !HasEnded;

    string IStoredRecord.Customer => Spec.Customer;

    byte[]? IStoredRecord.ListEntry => JobEntry.IsOf(Spec) && !IsRemoved ? JobEntry.Of(this).ToBytes() : null;

    /// <summary>What the record takes in the storage: bytes, roughly.</summary>
    public int Size => 512 + Spec.Arguments.Length + (Document?.Length ?? 0);

    /// <summary>A job's first record: nothing was released yet. The activation that reads this attempt back may release the job.</summary>
    public static JobRecord Fenced(JobSpec spec, Guid attempt, SiloAddress runner, DateTimeOffset now) => new()
    {
        Spec = spec,
        Attempt = attempt,
        Lifecycle = spec.Origin switch
        {
            // It keeps this lifecycle until its end: only TheEye knows the stages between.
            JobOrigin.AllocatedAtTheEye => Lifecycle.Syncing,
            JobOrigin.ExternallyReleased => Lifecycle.Assigned,
            _ => Lifecycle.Ready,
        },
        Runner = runner,
        LastUpdate = now,
    };

    /// <summary>A job that ends in the write that creates it.</summary>
    public static JobRecord EndedAtOnce(JobSpec spec, Guid attempt, JobOutcome outcome, DateTimeOffset now) =>
        new JobRecord { Spec = spec, Attempt = attempt, Lifecycle = Lifecycle.Ready, LastUpdate = now }.Ended(outcome, now);

    /// <summary>The same job under a new attempt: every earlier attempt loses the right to run it.</summary>
    public JobRecord Reassigned(Guid attempt, SiloAddress runner, DateTimeOffset now)
    {
        Require(Lifecycle is Lifecycle.Ready or Lifecycle.Syncing);
        return this with { Attempt = attempt, Runner = runner, LastUpdate = now };
    }

    /// <summary>From this step on the script may run, and no other run of it may start.</summary>
    public JobRecord AssignedTo(Guid run, SiloAddress runner, DateTimeOffset now)
    {
        Require(Lifecycle == Lifecycle.Ready);
        return this with { Lifecycle = Lifecycle.Assigned, Run = run, Runner = runner, LastUpdate = now };
    }

    /// <summary>The end. It drops what only a run needs; the document still shows it.</summary>
    public JobRecord Ended(JobOutcome outcome, DateTimeOffset now)
    {
        Require(!HasEnded && outcome.Lifecycle.HasEnded() && outcome.State != JobState.InProgress);
        return this with
        {
            Lifecycle = outcome.Lifecycle,
            State = outcome.State,
            Document = outcome.Document ?? JobDocument.Render(this, outcome, now),
            Fault = outcome.Fault,
            Spec = Spec with { Arguments = [], Env = [] },
            LastUpdate = now,
        };
    }

    /// <summary>What is left of an ended job that is removed: what keeps a repeat of its call from running again, and who may ask for it.</summary>
    public JobRecord Removed(DateTimeOffset now)
    {
        Require(HasEnded && !IsRemoved);
        return this with
        {
            Document = [],
            Fault = ServerOutcomes.Removed,
            Spec = new()
            {
                JobId = Spec.JobId,
                Customer = Spec.Customer,
                TaskId = Spec.TaskId,
                TaskName = "",
                Type = Spec.Type,
                Arguments = [],
                User = new JobUser("", ""),
                Acl = Spec.Acl,
                Cancellable = Spec.Cancellable,
                SecretHash = Spec.SecretHash,
                CreatedAt = Spec.CreatedAt,
                Origin = Spec.Origin,
                Fingerprint = Spec.Fingerprint,
                IdempotencyId = Spec.IdempotencyId,
            },
            LastUpdate = now,
        };
    }

    private void Require(bool allowed)
    {
        if (!allowed)
        {
            throw new InvalidOperationException($"Job {Spec.JobId} is {Lifecycle.WireName()}: this step is not allowed.");
        }
    }
}
