using SyncCluster.Tasks;

namespace SyncCluster.Jobs;

/// <summary>
/// What is to be run, and for whom. Any silo can run the job from this record at any later time; only the script's bytes are read from the task.
/// </summary>
[GenerateSerializer, Immutable, Alias("sync.job.spec")]
public sealed record JobSpec
{
    /// <summary>The highest <see cref="Depth"/>: a silo has workers of its own for each depth up to it.</summary>
    public const int MaxDepth = 3;

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

    /// <summary>The access list that the job has from its task.</summary>
    [Id(12)] public string[] Acl { get; init; } = [];

    [Id(13)] public bool Cancellable { get; init; } = true;

    /// <summary>SHA-256 of the job's own secret, for a job that was called with its task's secret; else null.</summary>
    [Id(14)] public byte[]? SecretHash { get; init; }

    [Id(15)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>SHA-256 of the script, lowercase hex: the job runs exactly this script or none. Null for a task without a script.</summary>
    [Id(16)] public string? ScriptDigest { get; init; }

    /// <summary>Which system has created the job, and may release it.</summary>
    [Id(17)] public JobOrigin Origin { get; init; }

    /// <summary>SHA-256 of the request, for a call with an idempotency key: a repeat must send the same request. Null for any other call.</summary>
    [Id(18)] public byte[]? Fingerprint { get; init; }

    /// <summary>
    /// For a job that is canceled when the client of its last waiter disconnects: when its caller's own wait ends. Null for any other job.
    /// </summary>
    [Id(19)] public DateTimeOffset? CallerWaitsUntil { get; init; }

    /// <summary>The key of the call's <see cref="IIdempotencyGrain"/>; null for a call without an idempotency key.</summary>
    [Id(20)] public string? IdempotencyId { get; init; }

    /// <summary>Whether the job waits until no other job of its task runs.</summary>
    [Id(21)] public bool RunsSerially { get; init; }

    /// <summary>Whether any exit code but 0 makes the job a failure.</summary>
    [Id(22)] public bool ExitCodeDecides { get; init; }

    /// <summary>
    /// For a job that a script waits for: the tasks of the jobs above it, the outermost first. Null for a job that no script has shown a
    /// <see cref="JobToken"/> for.
    /// </summary>
    [Id(23)] public string[]? Ancestors { get; init; }

    /// <summary>How many jobs wait for this one, one above the other, up to <see cref="MaxDepth"/>: 0 for a job that no script waits for.</summary>
    public int Depth => Math.Min(Ancestors?.Length ?? 0, MaxDepth);

    /// <summary>What the task restricts the job to; null for nothing.</summary>
    [Id(26)] public TaskLimits? Limits { get; init; }

    /// <summary>The id of the job that this one runs again; null for any other job.</summary>
    [Id(30)] public string? RestartedFrom { get; init; }

    /// <summary>
    /// From where the job was called, as the audit log has it. Null where that is not known: for a job that a server of an earlier version has created, and in
    /// front of TheEye. It is no part of what makes two calls the same, nor of the job's document.
    /// </summary>
    [Id(31)] public string? CallerAddress { get; init; }

    /// <summary>Whether the job has a place in the window of its task at TheEye, which it leaves when its end is stored.</summary>
    [Id(24)] public bool IsInWindow { get; init; }

    /// <summary>
    /// The span of the request that has submitted the job, as W3C's <c>traceparent</c>: the parent of all that is done for the job. Null where its
    /// gateway traces nothing. It is no part of what makes two calls the same.
    /// </summary>
    [Id(28)] public string? TraceParent { get; init; }

    /// <summary>W3C's <c>tracestate</c> that belongs to it; null for none.</summary>
    [Id(29)] public string? TraceState { get; init; }

    /// <summary>Whether the call may be repeated: the job's record is what keeps a repeat from running the task again.</summary>
    public bool HasIdempotencyKey => Fingerprint is not null || IdempotencyId is not null;

    /// <summary>Whether the other spec asks for the same. Two calls differ only if both have a fingerprint.</summary>
    public bool IsSameCallAs(JobSpec other) =>
        Fingerprint is null || other.Fingerprint is null || Fingerprint.AsSpan().SequenceEqual(other.Fingerprint);

    /// <summary>The job of a call.</summary>
    /// <param name="task">The called task.</param>
    /// <param name="jobId">The new job's id.</param>
    /// <param name="arguments">The bound argument values: JSON, UTF-8, an array.</param>
    /// <param name="user">The caller.</param>
    /// <param name="now">The time of the call.</param>
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
        ExitCodeDecides = task.ExitCodeDecides,
        Limits = task.Limits,
        Acl = task.Acl,
        Cancellable = task.Cancellable,
        CreatedAt = now,
        RunsSerially = !task.Multitasking,
    };
}
