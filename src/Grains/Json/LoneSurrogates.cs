using System.Globalization;

namespace SyncCluster.Json;

/// <summary>
/// JSON can spell half of a surrogate pair (<c>"\ud800"</c>), which has no UTF-8 form: every reader of .NET throws when it is asked for such a
/// string. As Node does when it encodes one, U+FFFD stands for it.
/// </summary>
internal static class LoneSurrogates
{
    private const int EscapeLength = 6;

    /// <summary>
    /// The same JSON, byte for byte as long, with <c>\ufffd</c> for every lone surrogate; the same memory if there is none. The input needs not be
    /// well-formed.
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

    /// <summary>The UTF-16 unit that is escaped at this place; NUL, which is no surrogate, for anything else.</summary>
    private static char UnitAt(ReadOnlySpan<byte> text, int at) =>
        at + EscapeLength <= text.Length
        && text[at] == '\\'
        && text[at + 1] == 'u'
        && ushort.TryParse(text.Slice(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit)
            ? (char)unit
            : '\0';
}
