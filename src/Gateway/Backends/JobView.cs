using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Backends;

/// <summary>A job as it is now.</summary>
internal sealed record JobView
{
    /// <summary>In TheEye's words.</summary>
    public required string Lifecycle { get; init; }

    public required bool HasEnded { get; init; }

    /// <summary>JSON, UTF-8.</summary>
    public required ReadOnlyMemory<byte> Document { get; init; }

    /// <summary>The job, if it has ended and its document is this cluster's copy.</summary>
    public FinishedJob? Source { get; init; }

    /// <summary>Whether the job is one of a task, by the id or the name that its path had.</summary>
    public bool IsOf(string task) => JobDocumentReader.Find(Document) is { } document && (document.TaskId == task || document.TaskName == task);

    /// <summary>Whether only an administrator may cancel it.</summary>
    public bool IsForAdministrators { get; init; }
}
