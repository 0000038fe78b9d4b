namespace SyncCluster.Scripts;

/// <summary>The environment variables of a script: a few of the server's, those of its task and job, and the marker of its run.</summary>
internal static class ScriptEnvironment
{
    private const string Language = "LANG";

    /// <summary>The locale of UTF-8 that needs no language to be installed.</summary>
    private const string Utf8Locale = "C.UTF-8";

    private static readonly string[] PassedOn = ["PATH", "HOME", Language, "TMPDIR"];

    /// <param name="server">The server's variables.</param>
    /// <param name="further">The names of those that are passed on besides the usual ones.</param>
    /// <param name="command">The variables of the task and the job. They override all others.</param>
    /// <param name="marker">The run.</param>
    /// <param name="home">The folder in place of those of the server's user; null if the script may use them.</param>
    public static Dictionary<string, string> Compose(
        Func<string, string?> server,
        IReadOnlyCollection<string> further,
        IReadOnlyDictionary<string, string> command,
        RunMarker marker,
        string? home)
    {
        // Python keeps back what it prints into a pipe: a log could not be followed.
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["PYTHONUNBUFFERED"] = "1" };
        foreach (var name in PassedOn.Concat(further))
        {
            if (server(name) is { } value)
            {
                variables[name] = value;
            }
        }

        if (!IsUtf8(variables.GetValueOrDefault(Language)))
        {
            // Logs are read as UTF-8.
            variables[Language] = Utf8Locale;
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

    /// <summary>Whether a locale such as <c>de_DE.UTF-8@euro</c> has UTF-8.</summary>
    private static bool IsUtf8(string? locale)
    {
        var encoding = locale?.Split('@')[0].Split('.', 2) is [_, var named] ? named : "";
        return encoding.Equals("UTF-8", StringComparison.OrdinalIgnoreCase) || encoding.Equals("utf8", StringComparison.OrdinalIgnoreCase);
    }
}
