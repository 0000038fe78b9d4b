using SyncCluster.WebConsole.Forms;

namespace SyncCluster.WebConsole;

/// <summary>A task on its page.</summary>
public sealed record ShownTask
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Description { get; init; }

    public required IReadOnlyList<FormField> Fields { get; init; }

    /// <summary>The address that a call is sent to.</summary>
    public required string CallAddress { get; init; }

    /// <summary>What the task is: names and values.</summary>
    public required IReadOnlyList<(string Name, string Value)> Facts { get; init; }

    /// <summary>Some of its jobs, the newest first.</summary>
    public IReadOnlyList<ListedJob> NewestJobs { get; init; } = [];

    /// <summary>The job whose arguments the form begins with; null for none.</summary>
    public string? EarlierJob { get; init; }
}
