using System.Globalization;
using System.Runtime.Versioning;

namespace SyncCluster.Scripts.Isolation;

/// <summary>What keeps a script from the server, from the scripts of others, and from the machine's resources.</summary>
internal sealed record ScriptIsolation
{
    private const string EnterGroup =
        """{ echo 0 >"$1"; } 2>/dev/null || { echo 'The control group could not be entered.'; exit 1; }; shift; exec "$@" """;

    public ScriptLimits Limits { get; init; } = new();

    /// <summary>The names of the server's variables that scripts get, besides those of <see cref="ScriptEnvironment"/>.</summary>
    public IReadOnlyCollection<string> PassedVariables { get; init; } = [];

    /// <summary>Null: jobs have no control groups, and no limits as a whole.</summary>
    public JobCgroup? Cgroup { get; init; }

    /// <summary>Null: a script sees the machine as its user does.</summary>
    public Sandbox? Sandbox { get; init; }

    /// <summary>
    /// The programs that start a script, and come before its command: a shell that enters its control group, <c>setpriv</c> for its user, then
    /// <c>bwrap</c> for its sandbox, then a shell for its limits.
    /// </summary>
    /// <param name="shell">The programs of this machine.</param>
    /// <param name="folder">The script's folder.</param>
    /// <param name="user">The script's user; null for the server's.</param>
    /// <param name="cgroup">The script's control group; null for the server's.</param>
    [SupportedOSPlatform("linux")]
    public IEnumerable<string> Words(Shell shell, string folder, int? user, string? cgroup) =>
    [
        .. cgroup is null ? [] : InGroup(shell, cgroup),
        .. user is { } id ? AsUser(shell, id) : [],
        .. Sandbox?.Words(shell.Bwrap!, folder) ?? [],
        shell.Sh!,
    ];

    /// <summary>The words before a command that runs as a user without any rights over the others.</summary>
    public static IEnumerable<string> AsUser(Shell shell, int user)
    {
        var id = user.ToString(CultureInfo.InvariantCulture);
        return
        [
            shell.Setpriv!, "--reuid", id, "--regid", id, "--clear-groups", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs", "--",
        ];
    }

    [SupportedOSPlatform("linux")]
    private static string[] InGroup(Shell shell, string cgroup) =>
        [shell.Sh!, "-c", EnterGroup, "cgroup", Path.Combine(cgroup, JobCgroups.Entrance)];

    /// <summary>The program that a script with this isolation needs and this machine does not have; null if none is missing.</summary>
    /// <param name="shell">The programs of this machine.</param>
    /// <param name="hasUser">Whether the script runs as a user of its own.</param>
    public string? Missing(Shell shell, bool hasUser) =>
        hasUser && shell.Setpriv is null ? "setpriv" : Sandbox is not null && shell.Bwrap is null ? "bwrap" : null;
}
