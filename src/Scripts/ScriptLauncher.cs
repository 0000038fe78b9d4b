using System.ComponentModel;
using System.Runtime.Versioning;
using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Scripts;

/// <summary>
/// Starts the process of a script, by way of the programs of its isolation. The last of them is a shell: it sets the limits, gives the script its
/// environment, and becomes the script's command or runs it. Where <see cref="PosixSpawn"/> is not possible, .NET starts the first of them.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ScriptLauncher(Shell shell, ScriptIsolation isolation, TimeSpan killGrace, Watchdog watchdog)
{
    /// <summary>The name of the shell in its own messages, which <see cref="LaunchFailure"/> reads.</summary>
    public const string ShellName = "script_runas";

    /// <summary>The kernel kills scripts first when memory runs out.</summary>
    private const string FirstToBeKilled = "{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null\n";

    private const string SameOutput = "exec 2>&1 </dev/null\n";

    private static readonly string Beginning = $"printf '\\{Convert.ToString(ScriptLog.Beginning, 8)}'\n";

    /// <summary>Starts the script's process, once the watchdog runs that kills it if this server dies.</summary>
    /// <exception cref="Win32Exception">It could not be started.</exception>
    /// <exception cref="IOException">It could not be started.</exception>
    /// <exception cref="UnauthorizedAccessException">It could not be started.</exception>
    /// <exception cref="UnsupervisedScriptException">It was started.</exception>
    public ScriptProcess Start(ScriptCommand command, ScriptFolder folder, string? cgroup, RunMarker marker, ScriptLog log)
    {
        NativeMethods.KeepExitCodes();
        watchdog.Ensure();
        NativeMethods.RestoreBrokenPipeInChildren();

        var home = command.User is null && isolation.Sandbox is null ? null : folder.Inside;
        var environment = new CarriedEnvironment(
            ScriptEnvironment.Compose(
                Environment.GetEnvironmentVariable, isolation.PassedVariables, command.Environment, marker, home));
        string[] script = [folder.Script, .. folder.Arguments];
        var plain = PlainCommand.Words(command.Runas, script);
        var limits = isolation.Limits.LoweredBy(command.Limits).ShellText(command.Timeout, killGrace, command.User is not null);
        var run = plain is null ? ShellText(command.Runas) : "exec \"$@\"";
        var text = $"{FirstToBeKilled}{limits} || exit 1\n{environment.ShellText}{Beginning}{run}";
        string[] words = [.. isolation.Words(shell, folder.Path, command.User, cgroup), "-c", text, ShellName, .. plain ?? script];
        return shell.Spawns
            ? new SpawnedProcess(words[0], words, environment.Variables, folder.Path, log)
            {
                IsWrapped = plain is null || isolation.Sandbox is not null,
            }
            : StartManaged(words, environment.Variables, folder.Path, log);
    }

    /// <summary>The command as a shell reads it. Quotes around the placeholder would end those around the arguments.</summary>
    private static string ShellText(string runas) => runas
        .Replace("\"%script%\"", "%script%", StringComparison.Ordinal)
        .Replace("'%script%'", "%script%", StringComparison.Ordinal)
        .Replace("%script%", "\"$@\"", StringComparison.Ordinal);

    private ManagedProcess StartManaged(string[] words, IReadOnlyDictionary<string, string> environment, string folder, ScriptLog log)
    {
        if (NativeMethods.HasGroupOfItsOwn)
        {
            throw new UnauthorizedAccessException("The server can't keep its group from scripts where it is the first process of a container.");
        }

        // .NET starts a process with two pipes: a shell in front of the others makes them one.
        var start = shell.Command(SameOutput + "exec \"$@\"", ShellName, words);
        start.WorkingDirectory = folder;
        start.RedirectStandardOutput = true;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new ManagedProcess(start, log) { IsWrapped = true };
    }
}
