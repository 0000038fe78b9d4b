using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace SyncCluster.Json;

/// <summary>
/// Reads and writes JSON for the whole service. Unlike <see cref="JsonElement.GetString"/> and
/// <see cref="JsonElement.TryGetProperty(string, out JsonElement)"/>, its readers do not throw on escaped lone surrogates, which are well-formed
/// JSON.
/// </summary>
internal static class JsonText
{
    /// <summary>How deep JSON from a client, a script or TheEye may nest.</summary>
    public const int MaxDepth = 256;

    /// <summary>The size in bytes up to which a thread keeps its buffer from one <see cref="Write"/> to the next.</summary>
    private const int MaxScratch = 16 * 1024;

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json)? _scratch;

    /// <summary>Escapes only what JSON requires.</summary>
    public static JavaScriptEncoder Encoder { get; } = new StringifyEncoder();

    /// <summary>Strict JSON, nested up to <see cref="MaxDepth"/> levels.</summary>
    public static JsonDocumentOptions DocumentOptions { get; } = new() { MaxDepth = MaxDepth };

    /// <summary>Parses well-formed JSON in valid UTF-8; a byte order mark is skipped. The document refers to the given bytes.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, [NotNullWhen(true)] out JsonDocument? document, int maxDepth = MaxDepth)
    {
        document = null;
        if (!Utf8.IsValid(json.Span))
        {
            return false;
        }

        try
        {
            var start = json.Span.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
            document = JsonDocument.Parse(json[start..], DocumentOptions with { MaxDepth = maxDepth });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Compact JSON, escaped by <see cref="Encoder"/>.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> write, int sizeHint = 256)
    {
        // Taken from the thread while in use, since a nested call of Write may come before this one ends.
        var (buffer, json) = _scratch ?? NewScratch();
        _scratch = null;
        _ = buffer.GetSpan(sizeHint);
        write(json);
        json.Flush();
        var text = buffer.WrittenSpan.ToArray();
        if (buffer.Capacity <= MaxScratch)
        {
            buffer.ResetWrittenCount();
            json.Reset();
            _scratch = (buffer, json);
        }

        return text;
    }

    /// <summary>A time in the form of JavaScript's <c>toISOString</c>: UTC, in milliseconds.</summary>
    public static string Iso(DateTimeOffset time)
    {
        // Two times are in each document, and .NET writes this format far faster than one that is spelled out.
        Span<char> inTicks = stackalloc char["yyyy-MM-ddTHH:mm:ss.fffffffZ".Length];
        time.UtcDateTime.TryFormat(inTicks, out _, "O", CultureInfo.InvariantCulture);
        return string.Concat(inTicks[..^"ffffZ".Length], "Z");
    }

    /// <summary>The text of a JSON string. A lone surrogate is kept.</summary>
    public static string StringOf(JsonElement text) => Unescaped(JsonMarshal.GetRawUtf8Value(text)[1..^1]);

    /// <summary>The text of a JSON string; null for any other value.</summary>
    public static string? AsString(JsonElement value) => value.ValueKind == JsonValueKind.String ? StringOf(value) : null;

    /// <summary>A member of an object. If several have the name, the last one counts, as in JavaScript.</summary>
    public static bool TryGetMember(JsonElement value, string name, out JsonElement member)
    {
        var found = false;
        member = default;
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in value.EnumerateObject())
            {
                if (NameOf(property) == name)
                {
                    member = property.Value;
                    found = true;
                }
            }
        }

        return found;
    }

    /// <summary>The name of a member. A lone surrogate is kept.</summary>
    public static string NameOf(JsonProperty property) => Unescaped(JsonMarshal.GetRawUtf8PropertyName(property));

    /// <summary>The JSON text of a value as it was written, digit for digit, without the white space between tokens.</summary>
    public static byte[] Compact(JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        var compact = new byte[raw.Length];
        var length = 0;
        var inString = false;
        for (var at = 0; at < raw.Length; at++)
        {
            var letter = raw[at];
            if (!inString && letter is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
            {
                continue;
            }

            compact[length++] = letter;
            if (letter == (byte)'"')
            {
                inString = !inString;
            }
            else if (inString && letter == (byte)'\\')
            {
                compact[length++] = raw[++at];
            }
        }

        return compact[..length];
    }

    /// <summary>Whether JavaScript treats the value as true.</summary>
    public static bool IsTruthy(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => JsonMarshal.GetRawUtf8Value(value).Length > 2,
        JsonValueKind.Number => !value.TryGetDouble(out var number) || number != 0,
        JsonValueKind.True or JsonValueKind.Object or JsonValueKind.Array => true,
        _ => false,
    };

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json) NewScratch()
    {
        var buffer = new ArrayBufferWriter<byte>();
        return (buffer, new(buffer, new JsonWriterOptions { Encoder = Encoder, SkipValidation = true }));
    }

    private static string Unescaped(ReadOnlySpan<byte> escaped)
    {
        var text = Encoding.UTF8.GetString(escaped);
        var at = text.IndexOf('\\', StringComparison.Ordinal);
        if (at < 0)
        {
            return text;
        }

        var plain = new StringBuilder(text.Length).Append(text, 0, at);
        for (; at < text.Length; at++)
        {
            if (text[at] != '\\')
            {
                plain.Append(text[at]);
                continue;
            }

            switch (text[++at])
            {
                case 'u':
                    plain.Append((char)ushort.Parse(text.AsSpan(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                    at += 4;
                    break;
                case 'b': plain.Append('\b'); break;
                case 'f': plain.Append('\f'); break;
                case 'n': plain.Append('\n'); break;
                case 'r': plain.Append('\r'); break;
                case 't': plain.Append('\t'); break;
                default: plain.Append(text[at]); break;
            }
        }

        return plain.ToString();
    }
}
