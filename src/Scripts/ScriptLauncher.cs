using System.ComponentModel;
using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>
/// Starts the process of a script: directly where its command needs no shell, else by way of a shell, and by .NET's own start of processes where
/// <see cref="PosixSpawn"/> is not possible.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ScriptLauncher(Shell shell, Watchdog watchdog)
{
    /// <summary>The name of the shell in its own messages, which <see cref="LaunchFailure"/> reads.</summary>
    public const string ShellName = "script_runas";

    /// <summary>Starts the script's process, once the watchdog runs that kills it if this server dies.</summary>
    /// <exception cref="Win32Exception">It could not be started.</exception>
    /// <exception cref="IOException">It could not be started.</exception>
    /// <exception cref="UnauthorizedAccessException">It could not be started.</exception>
    /// <exception cref="UnsupervisedScriptException">It was started.</exception>
    public ScriptProcess Start(ScriptCommand command, ScriptFolder folder, RunMarker marker, ScriptLog log)
    {
        NativeMethods.KeepExitCodes();
        watchdog.Ensure();
        NativeMethods.RestoreBrokenPipeInChildren();

        var environment = ScriptEnvironment.Compose(Environment.GetEnvironmentVariable, command.Environment, marker);
        string[] script = [folder.Script, .. folder.Arguments];
        if (!shell.Spawns)
        {
            return StartManaged(command, folder, environment, script, log);
        }

        return StartWithoutShell(command, folder, environment, script, log)
            ?? new SpawnedProcess(shell.Sh!, [shell.Sh!, "-c", ShellText(command.Runas), ShellName, .. script], environment, folder.Path, log)
            {
                IsWrapped = true,
            };
    }

    /// <summary>The command as a shell reads it. Quotes around the placeholder would end those around the arguments.</summary>
    private static string ShellText(string runas) => runas
        .Replace("\"%script%\"", "%script%", StringComparison.Ordinal)
        .Replace("'%script%'", "%script%", StringComparison.Ordinal)
        .Replace("%script%", "\"$@\"", StringComparison.Ordinal);

    private ManagedProcess StartManaged(
        ScriptCommand command, ScriptFolder folder, Dictionary<string, string> environment, string[] script, ScriptLog log)
    {
        var start = shell.Command("exec 2>&1 </dev/null\n" + ShellText(command.Runas), ShellName, script);
        start.WorkingDirectory = folder.Path;
        start.RedirectStandardOutput = true;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new ManagedProcess(start, log) { IsWrapped = true };
    }

    /// <summary>Null where the command needs a shell.</summary>
    private static SpawnedProcess? StartWithoutShell(
        ScriptCommand command, ScriptFolder folder, Dictionary<string, string> environment, string[] script, ScriptLog log)
    {
        if (PlainCommand.Words(command.Runas, script) is not { } words
            || PlainCommand.Find(words[0], environment.GetValueOrDefault("PATH"), NativeMethods.MayRun) is not { } program)
        {
            return null;
        }

        try
        {
            return new SpawnedProcess(program, words, new Dictionary<string, string>(environment) { ["PWD"] = folder.Path }, folder.Path, log);
        }
        catch (Win32Exception)
        {
            // The shell may be able to start it, or prints why it can't.
            return null;
        }
    }
}
