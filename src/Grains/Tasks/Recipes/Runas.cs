using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace SyncCluster.Tasks.Recipes;

/// <summary>
/// TheEye's <c>script_runas</c>: shell text in which <c>%script%</c> stands for the script and its arguments. Those take the word's place as
/// positional parameters, so it has to be a word of its own: inside quotes a shell would read the arguments as text again.
/// </summary>
internal static class Runas
{
    public const string Placeholder = "%script%";

    private const string HowToWriteIt = "Write %script% as a word of its own, outside of quotes: node %script%";

    /// <summary>The command with a placeholder that is exactly quoted (<c>"%script%"</c>) unquoted, or why it can't be taken.</summary>
    public static bool TryNormalise(string command, [NotNullWhen(true)] out string? normal, [NotNullWhen(false)] out string? complaint)
    {
        (normal, complaint) = (null, null);
        if (command.Contains('\0', StringComparison.Ordinal))
        {
            complaint = "script_runas contains a NUL character. Remove it.";
            return false;
        }

        var text = new StringBuilder(command.Length);
        var found = false;
        for (var at = 0; at < command.Length;)
        {
            var length = PieceAt(command, at);
            if (length == 0)
            {
                complaint = "script_runas has a quote that is never closed. Close it.";
                return false;
            }

            var piece = command.AsSpan(at, length);
            if (piece.SequenceEqual(Placeholder) || (IsQuote(piece[0]) && piece[1..^1].SequenceEqual(Placeholder)))
            {
                if (!EndsWord(command, at - 1) || !EndsWord(command, at + length))
                {
                    complaint = $"script_runas glues %script% to other text. {HowToWriteIt}";
                    return false;
                }

                text.Append(Placeholder);
                found = true;
            }
            else if (piece.Contains(Placeholder, StringComparison.Ordinal))
            {
                complaint = $"script_runas has %script% inside quotes. {HowToWriteIt}";
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
            complaint = $"script_runas does not say where the script goes. {HowToWriteIt}";
            return false;
        }

        normal = text.ToString();
        return true;
    }

    // A quoted stretch with its quotes, a placeholder, an escaped character, or one character; 0 for a quote that is never closed.
    private static int PieceAt(string command, int start)
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

    private static bool EndsWord(string command, int at) => at < 0 || at >= command.Length || " \t\r\n;|&()<>`".Contains(command[at], StringComparison.Ordinal);
}
