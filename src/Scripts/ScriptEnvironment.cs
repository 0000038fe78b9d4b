namespace SyncCluster.Scripts;

/// <summary>The environment variables of a script: a few of the server's, those of its task and job, and the marker of its run.</summary>
internal static class ScriptEnvironment
{
    private static readonly string[] PassedOn = ["PATH", "HOME", "LANG", "TMPDIR"];

    public static Dictionary<string, string> Compose(
        Func<string, string?> server, IReadOnlyDictionary<string, string> command, RunMarker marker)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in PassedOn)
        {
            if (server(name) is { } value)
            {
                variables[name] = value;
            }
        }

        foreach (var (name, value) in command)
        {
            variables[name] = value;
        }

        variables[RunMarker.Variable] = marker.ToString();
        return variables;
    }
}
