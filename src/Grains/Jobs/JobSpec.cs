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
}

/// <summary>Who called, as the job document shows it. Never a token.</summary>
[GenerateSerializer, Immutable, Alias("sync.job.user")]
public sealed record JobUser(
    [property: Id(0)] string Username,
    [property: Id(1)] string Email);
