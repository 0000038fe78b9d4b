using System.ComponentModel;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;

namespace SyncCluster.Scripts;

/// <summary>
/// Why a script was not started, as the task's user reads it: from the command, from the system's error, or from the shell's message.
/// </summary>
internal static partial class LaunchFailure
{
    /// <summary>What is wrong with a command that no operating system could run as it is meant; null if nothing is.</summary>
    public static string? Of(ScriptCommand command)
    {
        if (command.Filename is "" or "." or ".." || command.Filename.AsSpan().ContainsAny('/', '\0'))
        {
            return "The script's file name must be a plain name, without a path.";
        }

        if (command.Arguments.Append(command.Runas).Any(argument => argument.Contains('\0', StringComparison.Ordinal)))
        {
            return "An argument holds a NUL character, which no program can be given.";
        }

        foreach (var (name, value) in command.Environment)
        {
            // The names are part of a shell's text.
            if (!VariableName().IsMatch(name) || value.Contains('\0', StringComparison.Ordinal))
            {
                return $"The environment variable \"{name.Replace('\0', '?')}\" has a name or a value that can't be given to a script.";
            }
        }

        return InterpreterLine.Fault(command.Runas, command.Script.Span);
    }

    /// <summary>What kept the process from being started; null for a failure of another kind.</summary>
    public static string? Of(Exception failure) => failure switch
    {
        Win32Exception system => Of(system),
        IOException or UnauthorizedAccessException => "The server could not start a process.",
        UnsupervisedScriptException { IsKilled: true } =>
            "The server has no descriptors or threads left to supervise the script, and has killed it at its start. "
            + "It may have run in part. It was not run again.",
        UnsupervisedScriptException =>
            "The server has no descriptors or threads left to supervise the script, and may not kill it: it goes on. It was not run again.",
        _ => null,
    };

    private static string Of(Win32Exception failure) => failure.NativeErrorCode == NativeMethods.ArgumentsTooLong
        ? "The arguments and environment variables are longer than the operating system allows."
        : $"The server could not start a process: {failure.NativeErrorCode switch
        {
            2 => "a program or folder it needs has disappeared",
            11 or 12 => "it has no memory or no processes left",
            _ => "error " + failure.NativeErrorCode,
        }}.";

    /// <summary>
    /// The message of the shell, or of <c>env</c> in the script's first line, about a program that it could not start; null if the script ran. The
    /// message must be the whole log: if the script has printed anything else, it ran. Nothing may be started again for it: a script can print and
    /// exit like a shell.
    /// </summary>
    [SupportedOSPlatform("linux")]
    public static string? Of(ScriptCommand command, ScriptFolder folder, ScriptRun run)
    {
        if (!run.HasBegun)
        {
            var printed = run.Log.Trim().Replace(folder.Path, "its folder", StringComparison.Ordinal);
            return $"The server could not start the script with its user, its sandbox and its limits, and has not run it: {printed}";
        }

        if (run.Code is not (126 or 127) || Reason(run.Log) is not { } reason)
        {
            return null;
        }

        reason = reason.Replace(folder.Inside + "/", "", StringComparison.Ordinal);
        var advice = InterpreterLine.Flaw(command.Script.Span) ?? "Install the interpreter or change script_runas.";
        return $"The server could not start `{command.Runas}`: {reason}. {advice}";
    }

    private static string? Reason(string log)
    {
        // No message of a shell is longer, while the log may have a MiB.
        var match = log.Length < 16 * 1024 ? ShellMessage().Match(log) : Match.Empty;
        return match switch
        {
            { Success: false } => null,
            _ when match.Groups["shell"] is { Success: true } shell => shell.Value,
            _ => $"{match.Groups["program"].Value}: {match.Groups["why"].Value}",
        };
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex VariableName();

    // dash, then bash (which says it twice of exec); GNU env (with its hint in a second line), then busybox.
    [GeneratedRegex("""
        \A(?:
            script_runas:\ (?:line\ )?[0-9]+:\ (?:exec:\ )?(?<shell>[^\n]+) (?:\nscript_runas:\ [^\n]*exec:[^\n]*)?
          | (?:/[^\s:]*/)?env:\ (?:can't\ execute\ )?['‘]?(?<program>[^'’‘\n:]+)['’]?:\ (?<why>[^\n]+) (?:\n[^\n]*env:\ [^\n]*)?
        )\s*\z
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex ShellMessage();
}
