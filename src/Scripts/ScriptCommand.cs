using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Scripts;

/// <summary>A script to run, with everything that <see cref="ScriptRunner"/> needs.</summary>
internal sealed record ScriptCommand
{
    public required string JobId { get; init; }

    /// <summary>Shell text in which <c>%script%</c> stands for the script and its arguments; quotes around it change nothing.</summary>
    public required string Runas { get; init; }

    /// <summary>A plain file name without a path.</summary>
    public required string Filename { get; init; }

    public required ReadOnlyMemory<byte> Script { get; init; }

    /// <summary>The arguments. A base64 data URL reaches the script as the path of a file with its content.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The variables that the task and the job add to those that are passed on from the server.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    public required TimeSpan Timeout { get; init; }

    /// <summary>The id of the user, and of the group, that the script runs as; null for the server's own.</summary>
    public int? User { get; init; }

    /// <summary>What the task restricts each of the script's processes to; null for nothing. Above the server's limits, those hold.</summary>
    public ScriptLimits? Limits { get; init; }

    /// <summary>What the task restricts all of its processes together to; null for nothing.</summary>
    public JobLimits? JobLimits { get; init; }

    /// <summary>Called with the log when the script has started. The log may be read while the script runs.</summary>
    public Action<ScriptLog> Started { get; init; } = _ => { };
}
