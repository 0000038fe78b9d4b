namespace SyncCluster.Scripts;

/// <summary>What became of a run.</summary>
internal sealed record ScriptRun
{
    public required ScriptEnd End { get; init; }

    /// <summary>The exit code; null where it was killed or not started.</summary>
    public int? Code { get; init; }

    /// <summary>Standard output and error as they came, interleaved; cut in the middle, with a note, where it was too long.</summary>
    public string Log { get; init; } = "";

    /// <summary>The last line of the log that is not blank, trimmed; null where it was too long to be kept whole.</summary>
    public string? LastLine { get; init; } = "";

    /// <summary>The signal that ended it (<c>SIGTERM</c>, <c>SIGKILL</c>) where the runner sent it; else null.</summary>
    public string? Signal { get; init; }

    public TimeSpan Elapsed { get; init; }

    /// <summary>Why it was not started, in words for the task's user.</summary>
    public string? Fault { get; init; }
}
