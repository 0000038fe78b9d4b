namespace SyncCluster.Scripts;

/// <summary>
/// The first line of a script that names its interpreter (<c>#!/bin/sh</c>), and what editors do to it: a byte order mark before it, which has a
/// shell run the script instead, and a carriage return at its end, which becomes a part of the interpreter's name.
/// </summary>
internal static class InterpreterLine
{
    private const string Placeholder = "%script%";

    private static ReadOnlySpan<byte> Mark => "\uFEFF"u8;

    /// <summary>Why the system can't run a script by its first line; null if it can, or if the command does not leave that to the system.</summary>
    /// <param name="runas">The command that runs the script.</param>
    /// <param name="script">The script.</param>
    public static string? Fault(string runas, ReadOnlySpan<byte> script) =>
        PlainCommand.Words(runas, [Placeholder]) is [Placeholder, ..] && (script.StartsWith(Mark) || HasWrongName(FirstLine(script)))
            ? Flaw(script)
            : null;

    /// <summary>What is wrong with the line, and what to do about it; null if nothing is.</summary>
    public static string? Flaw(ReadOnlySpan<byte> script)
    {
        if (script.StartsWith(Mark) && FirstLine(script[Mark.Length..]).Length > 0)
        {
            return "The script begins with a byte order mark (BOM), which hides its first line, #!…, from the operating system: "
                + "save it as UTF-8 without BOM and import the task again.";
        }

        return FirstLine(script).Contains((byte)'\r')
            ? "The script's first line, #!…, ends with a carriage return as in a text of Windows (CRLF), which the operating system takes for a "
                + "part of the interpreter's name: save it with the line ends of Unix (LF) and import the task again."
            : null;
    }

    /// <summary>The line with its <c>#!</c>; empty if there is none.</summary>
    private static ReadOnlySpan<byte> FirstLine(ReadOnlySpan<byte> script)
    {
        if (!script.StartsWith("#!"u8))
        {
            return [];
        }

        var end = script.IndexOf((byte)'\n');
        return end < 0 ? script : script[..end];
    }

    /// <summary>Whether the name of a program has the carriage return. Some interpreters pass over one among their options.</summary>
    private static bool HasWrongName(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty)
        {
            return false;
        }

        var words = System.Text.Encoding.Latin1.GetString(line[2..]).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return words is [var program, ..] && program.Contains('\r', StringComparison.Ordinal)
            || words is [var env, var name, ..]
                && env.EndsWith("/env", StringComparison.Ordinal)
                && !name.StartsWith('-')
                && name.Contains('\r', StringComparison.Ordinal);
    }
}
