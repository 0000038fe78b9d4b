using SyncCluster.Tasks;

namespace SyncCluster.Jobs;

/// <summary>
/// What is to be run, for whom: all that a silo needs to run the job later, on whatever machine, without asking for the task again (but for the
/// script's bytes).
/// </summary>
[GenerateSerializer, Immutable, Alias("sync.job.spec")]
public sealed record JobSpec
{
    /// <summary>24 lowercase hex digits.</summary>
    [Id(0)] public required string JobId { get; init; }

    [Id(1)] public required string Customer { get; init; }

    [Id(2)] public required string TaskId { get; init; }

    [Id(3)] public required string TaskName { get; init; }

    [Id(4)] public required TaskType Type { get; init; }

    /// <summary>The bound argument values: JSON, UTF-8, an array.</summary>
    [Id(5)] public required byte[] Arguments { get; init; }

    [Id(6)] public required JobUser User { get; init; }

    [Id(7)] public TimeSpan Timeout { get; init; }

    [Id(8)] public string Runas { get; init; } = "";

    [Id(9)] public string? Filename { get; init; }

    [Id(10)] public Dictionary<string, string> Env { get; init; } = [];

    [Id(11)] public string? DefaultStateEvaluation { get; init; }

    /// <summary>The access list that the job inherits from its task.</summary>
    [Id(12)] public string[] Acl { get; init; } = [];

    [Id(13)] public bool Cancellable { get; init; } = true;

    /// <summary>SHA-256 of the job's own secret, for a job that was called with its task's secret; else null.</summary>
    [Id(14)] public byte[]? SecretHash { get; init; }

    [Id(15)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>SHA-256 of the script, lowercase hex: what runs is what was called, or nothing. Null for a task without a script.</summary>
    [Id(16)] public string? ScriptDigest { get; init; }

    /// <summary>Who has made the job, and who may release it.</summary>
    [Id(17)] public JobOrigin Origin { get; init; }

    /// <summary>SHA-256 of what was asked for, of a call that may be repeated; a repeat must ask for the same. Null of any other call.</summary>
    [Id(18)] public byte[]? Fingerprint { get; init; }

    /// <summary>The key of its <see cref="IIdempotencyGrain"/>, of a job that is the one of a call which may be repeated; null of any other.</summary>
    [Id(20)] public string? IdempotencyId { get; init; }

    /// <summary>
    /// Of a job that is canceled when the last one who waits for it has hung up: when the wait of its own caller ends. Null of any other.
    /// </summary>
    [Id(19)] public DateTimeOffset? CallerWaitsUntil { get; init; }

    /// <summary>Whether another spec asks for what this one does: where both are of calls that may be repeated, the same.</summary>
    public bool IsSameCallAs(JobSpec other) =>
        Fingerprint is null || other.Fingerprint is null || Fingerprint.AsSpan().SequenceEqual(other.Fingerprint);

    /// <summary>Whether it waits until no other job of its task runs.</summary>
    [Id(21)] public bool RunsSerially { get; init; }

    /// <summary>A call of a task.</summary>
    /// <param name="task">What is called.</param>
    /// <param name="jobId">The new job's id.</param>
    /// <param name="arguments">The bound argument values: JSON, UTF-8, an array.</param>
    /// <param name="user">Who calls.</param>
    /// <param name="now">When.</param>
    public static JobSpec Of(TaskDefinition task, string jobId, byte[] arguments, JobUser user, DateTimeOffset now) => new()
    {
        JobId = jobId,
        Customer = task.Customer,
        TaskId = task.Id,
        TaskName = task.Name,
        Type = task.Type,
        Arguments = arguments,
        User = user,
        Timeout = task.Timeout,
        Runas = task.Runas,
        Filename = task.Filename,
        ScriptDigest = task.ScriptDigest,
        Env = task.Env,
        DefaultStateEvaluation = task.DefaultStateEvaluation,
        Acl = task.Acl,
        Cancellable = task.Cancellable,
        CreatedAt = now,
        RunsSerially = !task.Multitasking,
    };
}

/// <summary>Who has made a job.</summary>
public enum JobOrigin
{
    /// <summary>This cluster, which runs it.</summary>
    Local = 0,

    /// <summary>TheEye, on this cluster's behalf: it does nothing until this cluster releases it.</summary>
    AllocatedAtTheEye = 1,

    /// <summary>TheEye: it goes its way without this cluster, which only waits for its end.</summary>
    ExternallyReleased = 2,
}

/// <summary>Who called, as the job document shows it. Never a token.</summary>
[GenerateSerializer, Immutable, Alias("sync.job.user")]
public sealed record JobUser(
    [property: Id(0)] string Username,
    [property: Id(1)] string Email);
