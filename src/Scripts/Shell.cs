using System.Diagnostics;

namespace SyncCluster.Scripts;

/// <summary>The programs of this machine by which scripts are started.</summary>
/// <param name="Setsid">The path of <c>setsid</c>; null if there is none.</param>
/// <param name="Sh">The path of <c>sh</c>; null if there is none.</param>
/// <param name="Setpriv">The path of <c>setpriv</c>; null if there is none.</param>
/// <param name="Bwrap">The path of <c>bwrap</c>; null if there is none.</param>
/// <param name="Spawns">Whether scripts are started by <see cref="PosixSpawn"/>, and not by .NET and <c>setsid</c>.</param>
internal sealed record Shell(string? Setsid, string? Sh, string? Setpriv, string? Bwrap, bool Spawns)
{
    /// <summary>The program that is missing; null if none is.</summary>
    public string? Missing => Setsid is null ? "setsid" : Sh is null ? "sh" : null;

    /// <summary>Searches the server's own path, so that a task that sets PATH does not change how it is started.</summary>
    public static Shell Find(string? path) => new(
        Find("setsid", path), Find("sh", path), Find("setpriv", path), Find("bwrap", path), OperatingSystem.IsLinux() && PosixSpawn.IsPossible);

    /// <summary>
    /// A command that runs shell text in a session of its own. <c>setsid</c> forks only if it leads a process group already, which a child of .NET
    /// never does. So the process that is started is the leader, and its id is the id of the group.
    /// </summary>
    public ProcessStartInfo Command(string text, string name, params IEnumerable<string> arguments) =>
        Command([Sh!, "-c", text, name, .. arguments]);

    /// <summary>A command that runs a program in a session of its own, as above.</summary>
    public ProcessStartInfo Command(IEnumerable<string> words)
    {
        var start = new ProcessStartInfo(Setsid!) { UseShellExecute = false, WorkingDirectory = "/" };
        start.Environment.Clear();
        foreach (var word in words)
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
