namespace SyncCluster.Scripts.Isolation;

/// <summary>
/// A script's own view of the machine, by <c>bwrap</c> (bubblewrap): processes, inter-process communication and files. It sees the system's programs
/// and their settings, read-only, and its own folder as <c>/tmp</c>.
/// </summary>
internal sealed record Sandbox
{
    /// <summary>Where a script sees its folder.</summary>
    public const string Folder = "/tmp";

    private static readonly string[] SystemPaths =
    [
        "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt",

        // Runtimes ask these for the processors and the memory that they may use.
        "/sys/devices/system/cpu", "/sys/fs/cgroup",
    ];

    /// <summary>Whether a script may reach the network.</summary>
    public bool Network { get; init; } = true;

    /// <summary>Further files and folders that a script may read.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Files and folders that a script finds empty, although they are in folders that it may read.</summary>
    public IReadOnlyList<string> Hidden { get; init; } = [];

    /// <summary>The words before a command that runs in the sandbox.</summary>
    /// <param name="program">The path of <c>bwrap</c>.</param>
    /// <param name="folder">The script's folder.</param>
    public IEnumerable<string> Words(string program, string folder)
    {
        // Not --die-with-parent: it follows the thread that has started the process. When the group is killed, so is the first process of the
        // sandbox, and the kernel ends all others with it.
        List<string> words = [program, "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"];
        if (!Network)
        {
            words.Add("--unshare-net");
        }

        // Paths may be below the script's folder, and follow it.
        words.AddRange(["--proc", "/proc", "--dev", "/dev", "--bind", folder, Folder]);
        foreach (var path in SystemPaths.Append(NameServers()))
        {
            words.AddRange(["--ro-bind-try", path, path]);
        }

        foreach (var path in Paths)
        {
            words.AddRange(["--ro-bind", path, path]);
        }

        string[] visible = [.. SystemPaths, .. Paths];
        foreach (var hidden in Hidden.Where(hidden => visible.Any(path => hidden.StartsWith(path + "/", StringComparison.Ordinal))))
        {
            words.AddRange(
                Directory.Exists(hidden) ? ["--tmpfs", hidden, "--remount-ro", hidden]
                : File.Exists(hidden) ? ["--ro-bind", "/dev/null", hidden]
                : []);
        }

        words.AddRange(["--remount-ro", "/", "--chdir", Folder, "--"]);
        return words;
    }

    /// <summary>The file that <c>/etc/resolv.conf</c> links to, often below <c>/run</c>.</summary>
    private static string NameServers()
    {
        const string file = "/etc/resolv.conf";
        return new FileInfo(file).LinkTarget is null ? file : File.ResolveLinkTarget(file, returnFinalTarget: true)!.FullName;
    }
}
