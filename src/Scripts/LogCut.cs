using System.Globalization;
using System.Text.RegularExpressions;

namespace SyncCluster.Scripts;

/// <summary>The line in a log that replaces the bytes that were cut.</summary>
internal static partial class LogCut
{
    /// <param name="count">The number of bytes that were cut.</param>
    /// <param name="before">The text before the cut: the note starts a new line unless the text ends with one.</param>
    public static string Note(long count, ReadOnlySpan<byte> before) =>
        string.Create(CultureInfo.InvariantCulture, $"{(before.EndsWith("\n"u8) ? "" : "\n")}[… {count} bytes were cut here …]\n");

    /// <summary>Finds the note in a log that is complete; null if nothing was cut.</summary>
    /// <returns>Where the note is, and how many bytes were cut.</returns>
    public static (Range Note, long Missing)? Find(string log) =>
        Pattern().Match(log) is { Success: true } cut && long.TryParse(cut.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var missing)
            ? (cut.Index..(cut.Index + cut.Length), missing)
            : null;

    [GeneratedRegex(@"\n?\[… ([0-9]{1,18}) bytes were cut here …\]\n")]
    private static partial Regex Pattern();
}
