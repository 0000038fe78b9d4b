namespace SyncCluster.Scripts;

/// <summary>
/// Text as it is stored, a JSON string: a line break or a quote takes two bytes, most control characters take six (ECMA-262, QuoteJSONString).
/// </summary>
internal static class StoredText
{
    /// <summary>The bytes of a text in UTF-8 as it is stored, without the quotes around it.</summary>
    public static long Length(ReadOnlySpan<byte> text)
    {
        var length = 0L;
        foreach (var letter in text)
        {
            length += Length(letter);
        }

        return length;
    }

    /// <summary>The longest beginning, in bytes of the text, that takes at most so many bytes stored.</summary>
    public static int Beginning(ReadOnlySpan<byte> text, int limit)
    {
        var at = 0;
        for (var left = limit; at < text.Length && (left -= Length(text[at])) >= 0;)
        {
            at++;
        }

        return CharacterStart(text, at);
    }

    /// <summary>The offset of the longest end that takes at most so many bytes stored, but for those of one character.</summary>
    public static int End(ReadOnlySpan<byte> text, int limit)
    {
        var at = text.Length;
        for (var left = limit; at > 0 && (left -= Length(text[at - 1])) >= 0;)
        {
            at--;
        }

        return CharacterStart(text, at);
    }

    /// <summary>The offset of the first byte of the character that a byte belongs to.</summary>
    public static int CharacterStart(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length && at > 0 && (text[at] & 0xC0) == 0x80)
        {
            at--;
        }

        return at;
    }

    private static int Length(byte letter) => letter switch
    {
        (byte)'"' or (byte)'\\' or (byte)'\b' or (byte)'\f' or (byte)'\n' or (byte)'\r' or (byte)'\t' => 2,
        < 0x20 => 6,
        _ => 1,
    };
}
