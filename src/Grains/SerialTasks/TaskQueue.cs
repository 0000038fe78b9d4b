namespace SyncCluster.SerialTasks;

/// <summary>What is stored of a task's line: its jobs in the order of their arrival. The first one may run, none other.</summary>
[GenerateSerializer, Immutable, Alias("sync.line")]
public sealed record TaskQueue
{
    /// <summary>The version of this record's layout.</summary>
    [Id(0)] public int Version { get; init; } = 1;

    [Id(1)] public string[] Jobs { get; init; } = [];

    /// <summary>Whose turn it is; null where nobody is in line.</summary>
    public string? First => Jobs is [var first, ..] ? first : null;

    /// <summary>With the job at its end; this very line where it is in it already.</summary>
    public TaskQueue With(string jobId) => Jobs.Contains(jobId) ? this : this with { Jobs = [.. Jobs, jobId] };

    /// <summary>Without the job; this very line where it was not in it.</summary>
    public TaskQueue Without(string jobId) => Jobs.Contains(jobId) ? this with { Jobs = [.. Jobs.Where(other => other != jobId)] } : this;
}
