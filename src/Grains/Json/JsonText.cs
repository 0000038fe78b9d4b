using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SyncCluster.Json;

/// <summary>How JSON is read and written everywhere in this service.</summary>
internal static class JsonText
{
    /// <summary>Escapes what JSON needs and nothing more.</summary>
    public static JavaScriptEncoder Encoder { get; } = new MinimalJsonEncoder();

    /// <summary>Strict JSON, nested up to 256 levels.</summary>
    public static JsonDocumentOptions DocumentOptions { get; } = new() { MaxDepth = 256 };

    private static JsonWriterOptions WriterOptions { get; } = new() { Encoder = Encoder, SkipValidation = true };

    /// <summary>Reads JSON whose strings can all be decoded: half of a surrogate pair has become U+FFFD.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, [NotNullWhen(true)] out JsonDocument? document)
    {
        try
        {
            document = JsonDocument.Parse(LoneSurrogates.Replaced(json), DocumentOptions);
            return true;
        }
        catch (JsonException)
        {
            document = null;
            return false;
        }
    }

    /// <summary>Writes JSON.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, WriterOptions);
        write(json);
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A value as JSON text, the way it was written but without white space between its parts.</summary>
    public static string Compact(JsonElement value)
    {
        var text = value.GetRawText();
        if (value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array) || text.AsSpan().IndexOfAny(" \t\r\n") < 0)
        {
            return text;
        }

        var compact = new System.Text.StringBuilder(text.Length);
        var inString = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (inString && text[i] == '\\')
            {
                compact.Append(text[i++]);
            }
            else if (text[i] == '"')
            {
                inString = !inString;
            }
            else if (!inString && text[i] is (' ' or '\t' or '\r' or '\n'))
            {
                continue;
            }

            compact.Append(text[i]);
        }

        return compact.ToString();
    }
}
