using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace SyncCluster.Tasks.Recipes;

/// <summary>
/// TheEye's <c>script_runas</c>: a shell command in which <c>%script%</c> stands for the script and its arguments. They replace it as positional
/// parameters, so it must be a separate word: inside quotes a shell would parse the arguments again.
/// </summary>
internal static class Runas
{
    public const string Placeholder = "%script%";

    private const string Advice = "Write %script% as a separate word, outside of quotes: node %script%";

    /// <summary>Removes the quotes around a quoted placeholder (<c>"%script%"</c>), and appends a placeholder where there is none.</summary>
    /// <param name="command">The command.</param>
    /// <param name="normal">The command with a placeholder outside of quotes.</param>
    /// <param name="error">Why the command can't be used.</param>
    public static bool TryNormalize(string command, [NotNullWhen(true)] out string? normal, [NotNullWhen(false)] out string? error)
    {
        (normal, error) = (null, null);
        if (command.Contains('\0', StringComparison.Ordinal))
        {
            error = "script_runas contains a NUL character. Remove it.";
            return false;
        }

        if (!command.Contains(Placeholder, StringComparison.Ordinal))
        {
            // As TheEye does it.
            command += " " + Placeholder;
        }

        var text = new StringBuilder(command.Length);
        var found = false;
        for (var at = 0; at < command.Length;)
        {
            var length = PieceLength(command, at);
            if (length == 0)
            {
                error = "script_runas has a quote that is never closed. Close it.";
                return false;
            }

            var piece = command.AsSpan(at, length);
            if (piece.SequenceEqual(Placeholder) || (IsQuote(piece[0]) && piece[1..^1].SequenceEqual(Placeholder)))
            {
                if (!EndsWord(command, at - 1) || !EndsWord(command, at + length))
                {
                    error = $"script_runas joins %script% to other text. {Advice}";
                    return false;
                }

                text.Append(Placeholder);
                found = true;
            }
            else if (piece.Contains(Placeholder, StringComparison.Ordinal))
            {
                error = $"script_runas has %script% inside quotes. {Advice}";
                return false;
            }
            else
            {
                text.Append(piece);
            }

            at += length;
        }

        if (!found)
        {
            error = $"script_runas does not use %script%. {Advice}";
            return false;
        }

        normal = text.ToString();
        return true;
    }

    // The length of a quoted text with its quotes, a placeholder, an escaped character, or one character; 0 for a quote that is never closed.
    private static int PieceLength(string command, int start)
    {
        if (command[start] == '\\')
        {
            return Math.Min(2, command.Length - start);
        }

        if (!IsQuote(command[start]))
        {
            return command.AsSpan(start).StartsWith(Placeholder) ? Placeholder.Length : 1;
        }

        for (var at = start + 1; at < command.Length; at++)
        {
            if (command[at] == command[start])
            {
                return at + 1 - start;
            }

            if (command[at] == '\\' && command[start] == '"')
            {
                at++;
            }
        }

        return 0;
    }

    private static bool IsQuote(char letter) => letter is '"' or '\'';

    private static bool EndsWord(string command, int at) =>
        at < 0 || at >= command.Length || " \t\r\n;|&()<>`".Contains(command[at], StringComparison.Ordinal);
}
