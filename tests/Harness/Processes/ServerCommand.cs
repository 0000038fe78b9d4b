namespace SyncCluster.Harness.Processes;

/// <summary>How a process is started.</summary>
public sealed record ServerCommand
{
    /// <summary>What the process is called in messages and figures.</summary>
    public required string Name { get; init; }

    /// <summary>The program and its arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>A part of the line that the process prints when it is ready; null: it is ready at once.</summary>
    public string? Ready { get; init; }

    /// <summary>Its folder for temporary files, <c>TMPDIR</c>.</summary>
    public required string Folder { get; init; }

    /// <summary>Variables that are set in addition to those of this process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>How many of its last lines are kept.</summary>
    public int KeptLines { get; init; } = int.MaxValue;
}
