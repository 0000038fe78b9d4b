namespace SyncCluster.Tasks;

/// <summary>
/// What a task restricts its jobs to. It can't raise the limits of the silo that runs a job: the lower one holds. Null: the silo's alone.
/// </summary>
[GenerateSerializer, Immutable, Alias("sync.task.limits")]
public sealed record TaskLimits
{
    /// <summary>Bytes of a file that a process writes.</summary>
    [Id(0)] public long? FileSize { get; init; }

    /// <summary>Bytes of memory of a process of its own.</summary>
    [Id(1)] public long? Data { get; init; }

    /// <summary>CPU time of a process.</summary>
    [Id(2)] public TimeSpan? Cpu { get; init; }

    /// <summary>Bytes of memory of all processes of a job together.</summary>
    [Id(3)] public long? Memory { get; init; }

    /// <summary>Processes and threads of a job at once.</summary>
    [Id(4)] public int? Processes { get; init; }
}
