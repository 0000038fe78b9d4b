namespace SyncCluster.Scripts;

/// <summary>The result of a run.</summary>
internal sealed record ScriptRun
{
    public required ScriptEnd End { get; init; }

    /// <summary>Whether the script has begun. False: what was printed, and the exit code, are of the programs that start it.</summary>
    public bool HasBegun { get; init; }

    /// <summary>The exit code; null if there is none, because the script was killed or not started.</summary>
    public int? Code { get; init; }

    /// <summary>Standard output and error, interleaved as they came. A log that is too long is cut in the middle, with a note.</summary>
    public string Log { get; init; } = "";

    /// <summary>The last line of the log that is not blank, trimmed; null if it was too long to be kept whole.</summary>
    public string? LastLine { get; init; } = "";

    /// <summary>
    /// The signal that ended the script, such as <c>SIGKILL</c>; null if none did. With <see cref="ScriptEnd.Exited"/> the runner has not sent it.
    /// </summary>
    public string? Signal { get; init; }

    public TimeSpan Elapsed { get; init; }

    /// <summary>Why the script was not started, as the task's user reads it.</summary>
    public string? Fault { get; init; }
}
