using System.Diagnostics;

namespace SyncCluster.Scripts;

/// <summary>Where this machine has <c>setsid</c> and <c>sh</c>; null for what it lacks.</summary>
/// <param name="Setsid">Its path.</param>
/// <param name="Sh">Its path.</param>
/// <param name="Spawns">Whether a script is started by <see cref="PosixSpawn"/>, and not by way of .NET and <c>setsid</c>.</param>
internal sealed record Shell(string? Setsid, string? Sh, bool Spawns)
{
    /// <summary>The program that is missing, or null.</summary>
    public string? Missing => Setsid is null ? "setsid" : Sh is null ? "sh" : null;

    /// <summary>Looks both up once in the server's own path, so that a task which sets PATH changes nothing of how it is started.</summary>
    public static Shell Find(string? path) => new(Find("setsid", path), Find("sh", path), OperatingSystem.IsLinux() && PosixSpawn.IsPossible);

    /// <summary>
    /// Shell text in a session of its own. <c>setsid</c> forks only if it leads a process group already, which a child of .NET never does: the
    /// process that is started is the leader, and its id is the group's.
    /// </summary>
    public ProcessStartInfo Command(string text, string name, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Setsid!) { UseShellExecute = false, WorkingDirectory = "/" };
        start.Environment.Clear();
        foreach (var word in (IEnumerable<string>)[Sh!, "-c", text, name, .. arguments])
        {
            start.ArgumentList.Add(word);
        }

        return start;
    }

    private static string? Find(string program, string? path) =>
        (path ?? "/usr/local/bin:/usr/bin:/bin").Split(':')
            .Where(Path.IsPathRooted)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
}
