using System.Buffers;
using System.Text.Encodings.Web;

namespace SyncCluster.Json;

/// <summary>
/// Escapes like JavaScript's <c>JSON.stringify</c> (ECMA-262, QuoteJSONString). <see cref="JavaScriptEncoder.UnsafeRelaxedJsonEscaping"/> escapes
/// emoji and U+2028 as well, writes hex digits in upper case, and replaces lone surrogates.
/// </summary>
internal sealed unsafe class StringifyEncoder : JavaScriptEncoder
{
    private const string HexDigits = "0123456789abcdef";

    // Includes surrogates: two searches, one after the other, would take quadratic time if only one of them finds something.
    private static readonly SearchValues<char> MayNeedEscape = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Concat(['"', '\\']).Concat(Enumerable.Range(0xD800, 0x800)).Select(code => (char)code)]);

    /// <inheritdoc/>
    public override int MaxOutputCharactersPerInputCharacter => 6;

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) => unicodeScalar is < 0x20 or '"' or '\\' or (>= 0xD800 and <= 0xDFFF);

    /// <inheritdoc/>
    public override int FindFirstCharacterToEncode(char* text, int textLength) => IndexOfFirst(new ReadOnlySpan<char>(text, textLength));

    /// <inheritdoc/>
    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten) =>
        TryEscape((char)unicodeScalar, new Span<char>(buffer, bufferLength), out numberOfCharactersWritten);

    /// <inheritdoc/>
    public override string Encode(string value)
    {
        if (IndexOfFirst(value) < 0)
        {
            return value;
        }

        var escaped = new char[value.Length * MaxOutputCharactersPerInputCharacter];
        Encode(value, escaped, out _, out var length);
        return new string(escaped, 0, length);
    }

    /// <inheritdoc/>
    public override OperationStatus Encode(
        ReadOnlySpan<char> source, Span<char> destination, out int charsConsumed, out int charsWritten, bool isFinalBlock = true)
    {
        (charsConsumed, charsWritten) = (0, 0);
        while (charsConsumed < source.Length)
        {
            var rest = source[charsConsumed..];
            var first = IndexOfFirst(rest);
            var plain = first < 0 ? rest : rest[..first];
            if (!plain.TryCopyTo(destination[charsWritten..]))
            {
                return OperationStatus.DestinationTooSmall;
            }

            charsConsumed += plain.Length;
            charsWritten += plain.Length;
            if (first < 0)
            {
                break;
            }

            if (!isFinalBlock && first == rest.Length - 1 && char.IsHighSurrogate(rest[first]))
            {
                return OperationStatus.NeedMoreData;
            }

            if (!TryEscape(rest[first], destination[charsWritten..], out var escaped))
            {
                return OperationStatus.DestinationTooSmall;
            }

            charsConsumed++;
            charsWritten += escaped;
        }

        return OperationStatus.Done;
    }

    private static int IndexOfFirst(ReadOnlySpan<char> text)
    {
        var at = 0;
        while (true)
        {
            var next = text[at..].IndexOfAny(MayNeedEscape);
            if (next < 0)
            {
                return -1;
            }

            at += next;
            if (at + 1 == text.Length || !char.IsSurrogatePair(text[at], text[at + 1]))
            {
                return at;
            }

            at += 2;
        }
    }

    private static bool TryEscape(char character, Span<char> destination, out int written)
    {
        var shortForm = character switch
        {
            '"' or '\\' => character,
            '\b' => 'b',
            '\f' => 'f',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            _ => '\0',
        };
        written = shortForm == '\0' ? 6 : 2;
        if (destination.Length < written)
        {
            written = 0;
            return false;
        }

        destination[0] = '\\';
        destination[1] = shortForm == '\0' ? 'u' : shortForm;
        for (var digit = 2; digit < written; digit++)
        {
            destination[digit] = HexDigits[(character >> (4 * (5 - digit))) & 0xF];
        }

        return true;
    }
}
