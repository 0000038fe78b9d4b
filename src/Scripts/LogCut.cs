using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace SyncCluster.Scripts;

/// <summary>The note in a log, on a line of its own, or in a line, that replaces the bytes that were cut.</summary>
internal static partial class LogCut
{
    /// <summary>No note is longer, in bytes as they are stored.</summary>
    public const int MaxNoteLength = 64;

    /// <param name="count">The number of bytes that were cut.</param>
    /// <param name="before">The text before the cut: the note starts a new line unless the text ends with one.</param>
    public static string Note(long count, ReadOnlySpan<byte> before) =>
        $"{(before.EndsWith("\n"u8) ? "" : "\n")}{Note(count)}\n";

    /// <summary>A line; one that is too long to be stored loses its end.</summary>
    public static string Line(string line)
    {
        var text = Encoding.UTF8.GetBytes(line);
        if (StoredText.Length(text) <= ScriptLog.StoredCapacity)
        {
            return line;
        }

        var end = StoredText.Beginning(text, ScriptLog.StoredCapacity - MaxNoteLength);
        return Encoding.UTF8.GetString(text, 0, end) + Note(text.Length - end);
    }

    /// <summary>Finds the note in a log that is complete; null if nothing was cut.</summary>
    /// <returns>Where the note is, and how many bytes were cut.</returns>
    public static (Range Note, long Missing)? Find(string log) =>
        Pattern().Match(log) is { Success: true } cut && long.TryParse(cut.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var missing)
            ? (cut.Index..(cut.Index + cut.Length), missing)
            : null;

    private static string Note(long count) => string.Create(CultureInfo.InvariantCulture, $"[… {count} bytes were cut here …]");

    [GeneratedRegex(@"\n?\[… ([0-9]{1,18}) bytes were cut here …\]\n")]
    private static partial Regex Pattern();
}
