using System.Globalization;
using System.Text.Json;
using SyncCluster.Jobs;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Answers;

/// <summary>One element of a job's output as <c>parse</c> reads it.</summary>
/// <param name="Json">The JSON as it was written.</param>
/// <param name="Status">The HTTP status that it asks for, 200 to 599, or null.</param>
internal readonly record struct ParsedOutput(ReadOnlyMemory<byte> Json, int? Status)
{
    private static readonly JsonReaderOptions ElementOptions = new() { MaxDepth = JsonText.DocumentOptions.MaxDepth };

    /// <summary>Reads one element of an output, which must be well-formed JSON.</summary>
    /// <returns>Null if <c>parse</c> gives the raw output: it is no array, has no such element, or the element is no JSON.</returns>
    public static ParsedOutput? Read(ReadOnlyMemory<byte> output, int index)
    {
        if (Element(output, index) is not { } element)
        {
            return null;
        }

        return element.Span[0] switch
        {
            (byte)'"' => ReadText(Text(element)),
            (byte)'{' or (byte)'[' => null,
            _ => new(element, null),
        };
    }

    /// <summary>An element of an output as it was written; null where there is none.</summary>
    public static ReadOnlyMemory<byte>? Element(ReadOnlyMemory<byte> output, int index)
    {
        var reader = new Utf8JsonReader(output.Span, JobDocumentReader.ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        for (var i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (i == index)
            {
                return output[start..(int)reader.BytesConsumed];
            }
        }

        return null;
    }

    /// <summary>The text of an element that is a string.</summary>
    public static ReadOnlyMemory<byte> Text(ReadOnlyMemory<byte> element)
    {
        var reader = new Utf8JsonReader(LoneSurrogates.Replaced(element).Span);
        reader.Read();
        if (!reader.ValueIsEscaped)
        {
            return element[1..^1];
        }

        var text = new byte[element.Length];
        return text.AsMemory(0, reader.CopyString(text));
    }

    private static ParsedOutput? ReadText(ReadOnlyMemory<byte> text)
    {
        // Only names are compared in it; the answer is the text itself.
        var readable = LoneSurrogates.Replaced(text).Span;
        var statusCode = default(ReadOnlySpan<byte>);
        try
        {
            var reader = new Utf8JsonReader(readable, ElementOptions);
            while (reader.Read())
            {
                if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("statusCode"u8))
                {
                    reader.Read();
                    statusCode = readable[(int)reader.TokenStartIndex..(int)reader.BytesConsumed];
                }
            }
        }
        catch (JsonException)
        {
            return null;
        }

        return new(text, StatusOf(statusCode));
    }

    /// <summary>
    /// The status of a <c>statusCode</c>. As in JavaScript its value counts, not its spelling: <c>200</c>, <c>200.0</c>,
    /// <c>2e2</c> and <c>"200"</c> are the same.
    /// </summary>
    private static int? StatusOf(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty || json[0] is (byte)'{' or (byte)'[')
        {
            return null;
        }

        var reader = new Utf8JsonReader(json);
        reader.Read();
        var value = reader.TokenType switch
        {
            JsonTokenType.Number when reader.TryGetDouble(out var number) && double.IsInteger(number) => number,
            JsonTokenType.String => Digits(reader.GetString()!),
            _ => -1,
        };
        return value is >= 200 and <= 599 ? (int)value : null;
    }

    private static int Digits(string text) =>
        text.All(char.IsAsciiDigit) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
}
