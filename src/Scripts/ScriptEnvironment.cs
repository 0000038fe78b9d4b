namespace SyncCluster.Scripts;

/// <summary>The environment variables of a script: a few of the server's, those of its task and job, and the marker of its run.</summary>
internal static class ScriptEnvironment
{
    private static readonly string[] PassedOn = ["PATH", "HOME", "LANG", "TMPDIR"];

    /// <param name="server">The server's variables.</param>
    /// <param name="command">The variables of the task and the job.</param>
    /// <param name="marker">The run.</param>
    /// <param name="home">The folder in place of those of the server's user; null if the script may use them.</param>
    public static Dictionary<string, string> Compose(
        Func<string, string?> server, IReadOnlyDictionary<string, string> command, RunMarker marker, string? home)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in PassedOn)
        {
            if (server(name) is { } value)
            {
                variables[name] = value;
            }
        }

        if (home is not null)
        {
            variables["HOME"] = variables["TMPDIR"] = home;
        }

        foreach (var (name, value) in command)
        {
            variables[name] = value;
        }

        variables[RunMarker.Variable] = marker.ToString();
        return variables;
    }
}
