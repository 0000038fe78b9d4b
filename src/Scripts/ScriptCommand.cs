namespace SyncCluster.Scripts;

/// <summary>One run of a script, as <c>ScriptRunner</c> needs it.</summary>
internal sealed record ScriptCommand
{
    public required string JobId { get; init; }

    /// <summary>Shell text in which <c>%script%</c> stands for the script and its arguments; quotes around it change nothing.</summary>
    public required string Runas { get; init; }

    /// <summary>A plain file name without a path.</summary>
    public required string Filename { get; init; }

    public required ReadOnlyMemory<byte> Script { get; init; }

    /// <summary>The arguments, one word each. A base64 data URL reaches the script as the path of a file with its content.</summary>
    public required IReadOnlyList<string> Words { get; init; }

    /// <summary>What the task and the job add to the few variables that are passed on from the server.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    public required TimeSpan Timeout { get; init; }

    /// <summary>Told of the log that the script prints to, to be read meanwhile; again where it has to be started again.</summary>
    public Action<ScriptLog> Started { get; init; } = _ => { };
}

internal enum ScriptEnd
{
    /// <summary>It ended by itself, whatever its exit code.</summary>
    Exited,

    /// <summary>It was killed because its time was over.</summary>
    TimedOut,

    /// <summary>It was killed because the caller of the runner said so: the job was canceled, or the server stops.</summary>
    Stopped,

    /// <summary>It could not be started; <see cref="ScriptRun.Fault"/> says why.</summary>
    NotStarted,
}

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
