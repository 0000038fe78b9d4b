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
