using SyncCluster.Storage;

namespace SyncCluster.SerialTasks;

/// <summary>What is stored of a serial task's queue: its jobs in the order of their arrival. Only the first one may run.</summary>
[GenerateSerializer, Immutable, Alias("sync.line")]
public sealed record TaskQueue : IStoredRecord
{
    /// <summary>The version of this record's layout.</summary>
    [Id(0)] public int Version { get; init; } = 1;

    [Id(1)] public string[] Jobs { get; init; } = [];

    /// <summary>The job that may run; null if the queue is empty.</summary>
    public string? First => Jobs is [var first, ..] ? first : null;

    bool IStoredRecord.IsUnfinished => Jobs.Length > 0;

    int IStoredRecord.Size => 0;

    string IStoredRecord.Customer => "";

    /// <summary>The queue with the job at its end; the same object if it has the job already.</summary>
    public TaskQueue With(string jobId) => Jobs.Contains(jobId) ? this : this with { Jobs = [.. Jobs, jobId] };

    /// <summary>The queue without the job; the same object if it does not have the job.</summary>
    public TaskQueue Without(string jobId) => Jobs.Contains(jobId) ? this with { Jobs = [.. Jobs.Where(other => other != jobId)] } : this;
}
