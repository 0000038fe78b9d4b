using System.Text;
using System.Text.Encodings.Web;

namespace SyncCluster.Json;

/// <summary>
/// Escapes in JSON strings just what JavaScript's <c>JSON.stringify</c> does: quotes, backslashes and control characters. The framework's most
/// relaxed encoder also escapes whatever is beyond the basic plane, so an emoji would not come out as it went in.
/// </summary>
internal sealed class MinimalJsonEncoder : JavaScriptEncoder
{
    private const string HexDigits = "0123456789abcdef";

    /// <inheritdoc/>
    public override int MaxOutputCharactersPerInputCharacter => 6;

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) => unicodeScalar is < 0x20 or '"' or '\\';

    /// <inheritdoc/>
    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength)
    {
        var rest = new ReadOnlySpan<char>(text, textLength);
        for (var i = 0; i < rest.Length; i++)
        {
            if (WillEncode(rest[i]))
            {
                return i;
            }

            // Half of a surrogate pair is for the base class to replace.
            if (char.IsSurrogate(rest[i]) && Rune.DecodeFromUtf16(rest[i..], out _, out var consumed) != System.Buffers.OperationStatus.Done)
            {
                return i;
            }
            else if (char.IsSurrogate(rest[i]))
            {
                i++;
            }
        }

        return -1;
    }

    /// <inheritdoc/>
    public override unsafe bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var output = new Span<char>(buffer, bufferLength);
        Span<char> escaped = stackalloc char[6];
        var length = Escape(unicodeScalar, escaped);
        numberOfCharactersWritten = escaped[..length].TryCopyTo(output) ? length : 0;
        return numberOfCharactersWritten > 0;
    }

    private static int Escape(int scalar, Span<char> output)
    {
        var letter = scalar switch
        {
            '"' => '"',
            '\\' => '\\',
            '\b' => 'b',
            '\f' => 'f',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            _ => '\0',
        };
        if (letter != '\0')
        {
            (output[0], output[1]) = ('\\', letter);
            return 2;
        }

        if (scalar >= 0x20)
        {
            return new Rune(scalar).EncodeToUtf16(output);
        }

        "\\u00".CopyTo(output);
        (output[4], output[5]) = (HexDigits[scalar >> 4], HexDigits[scalar & 15]);
        return 6;
    }
}
