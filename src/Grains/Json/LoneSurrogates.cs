using System.Globalization;

namespace SyncCluster.Json;

/// <summary>
/// JSON can escape half of a surrogate pair (<c>"\ud800"</c>), which has no UTF-8 form: every reader of .NET throws on such a string. Like Node when
/// it encodes one, this replaces it by U+FFFD.
/// </summary>
internal static class LoneSurrogates
{
    private const int EscapeLength = 6;

    /// <summary>
    /// JSON of the same length with <c>\ufffd</c> for every lone surrogate; the same memory if there is none. The input need not be well-formed.
    /// </summary>
    public static ReadOnlyMemory<byte> Replaced(ReadOnlyMemory<byte> json)
    {
        var text = json.Span;
        if (text.IndexOf("\\ud"u8) < 0 && text.IndexOf("\\uD"u8) < 0)
        {
            return json;
        }

        byte[]? copy = null;
        var at = 0;
        while (text[at..].IndexOf((byte)'\\') is var next and >= 0)
        {
            at += next;
            var unit = UnitAt(text, at);
            if (char.IsHighSurrogate(unit) && char.IsLowSurrogate(UnitAt(text, at + EscapeLength)))
            {
                at += 2 * EscapeLength;
            }
            else if (char.IsSurrogate(unit))
            {
                copy ??= json.ToArray();
                "\\ufffd"u8.CopyTo(copy.AsSpan(at));
                at += EscapeLength;
            }
            else
            {
                at = Math.Min(at + 2, text.Length);
            }
        }

        return copy ?? json;
    }

    /// <summary>The UTF-16 unit that is escaped at this position; NUL, which is not a surrogate, if there is no escape.</summary>
    private static char UnitAt(ReadOnlySpan<byte> text, int at) =>
        at + EscapeLength <= text.Length
        && text[at] == '\\'
        && text[at + 1] == 'u'
        && ushort.TryParse(text.Slice(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit)
            ? (char)unit
            : '\0';
}
