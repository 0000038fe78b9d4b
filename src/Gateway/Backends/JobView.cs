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

    /// <summary>When it ended; null if it has not, or that is not known here.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>From where it was called; null if that is not known here.</summary>
    public string? CallerAddress { get; init; }

    /// <summary>Where its script runs, or has run; null if that is not known here.</summary>
    public JobRun? Run { get; init; }

    /// <summary>How many gateways wait for it; null if that is not known.</summary>
    public int? Gateways { get; init; }

    /// <summary>Whether the job is one of a task, by the id or the name that its path had.</summary>
    public bool IsOf(string task) => JobDocumentReader.Find(Document) is { } document && (document.TaskId == task || document.TaskName == task);

    /// <summary>Whether only an administrator may cancel it.</summary>
    public bool IsForAdministrators { get; init; }
}
