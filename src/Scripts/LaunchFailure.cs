using System.ComponentModel;
using System.Text.RegularExpressions;

namespace SyncCluster.Scripts;

/// <summary>Why a script was not started, in words for the task's user: before the attempt, from the attempt, or from what the shell said.</summary>
internal static partial class LaunchFailure
{
    /// <summary>Another process, just forked, still holds the new script open for writing for the moment until it executes its own program.</summary>
    private const string Busy = "Text file busy";

    /// <summary>What is wrong with a command that no operating system could run, or null.</summary>
    public static string? Of(ScriptCommand command)
    {
        if (command.Filename is "" or "." or ".." || command.Filename.AsSpan().ContainsAny('/', '\0'))
        {
            return "The script's file name must be a plain name, without a path.";
        }

        if (command.Words.Any(word => word.Contains('\0', StringComparison.Ordinal)) || command.Runas.Contains('\0', StringComparison.Ordinal))
        {
            return "An argument holds a NUL character, which no program can be given.";
        }

        foreach (var (name, value) in command.Environment)
        {
            if (name is "" || name.AsSpan().ContainsAny('=', '\0') || value.Contains('\0', StringComparison.Ordinal))
            {
                return $"The environment variable \"{name.Replace('\0', '?')}\" has a name or a value that no program can be given.";
            }
        }

        return null;
    }

    /// <summary>What kept the process from being started; null for a failure of another kind.</summary>
    public static string? Of(Exception failure) => failure switch
    {
        Win32Exception system => Of(system),
        IOException or UnauthorizedAccessException => "The server could not start a process.",
        UnwatchedScriptException =>
            "The server has no descriptors or threads left to watch over a script, and has killed it at its start. It may have run in part. It was not run again.",
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
    /// What the shell, or <c>env</c> in the script's first line, said about a program it could not start; null if the script ran. Only where that is
    /// all there is in the log: after any other word of the script, something ran.
    /// </summary>
    public static string? Of(ScriptCommand command, string folder, int? code, string log)
    {
        if (code is not (126 or 127) || Reason(log) is not { } reason)
        {
            return null;
        }

        reason = reason.Replace(folder + "/", "", StringComparison.Ordinal);
        return reason.EndsWith(Busy, StringComparison.Ordinal)
            ? $"The server could not start `{command.Runas}`: {reason}."
            : $"The server could not start `{command.Runas}`: {reason}. Install the interpreter or change script_runas.";
    }

    /// <summary>Whether the start failed only for the moment, so that trying again is right: nothing ran, since the command does nothing else.</summary>
    public static bool IsPassing(ScriptCommand command, int? code, string log) =>
        code == 126 && Reason(log)?.EndsWith(Busy, StringComparison.Ordinal) == true && PlainCommand.Words(command.Runas, []) is not null;

    private static string? Reason(string log)
    {
        // Nothing that a shell says of a program is longer; the log may be a MiB.
        var match = log.Length < 16 * 1024 ? Complaint().Match(log) : Match.Empty;
        return match switch
        {
            { Success: false } => null,
            _ when match.Groups["shell"] is { Success: true } shell => shell.Value,
            _ => $"{match.Groups["program"].Value}: {match.Groups["why"].Value}",
        };
    }

    // dash, then bash; GNU env (with its hint in a second line), then busybox.
    [GeneratedRegex("""
        \A(?:
            script_runas:\ (?:line\ )?[0-9]+:\ (?<shell>[^\n]+)
          | (?:/[^\s:]*/)?env:\ (?:can't\ execute\ )?['‘]?(?<program>[^'’‘\n:]+)['’]?:\ (?<why>[^\n]+) (?:\n[^\n]*env:\ [^\n]*)?
        )\s*\z
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Complaint();
}
