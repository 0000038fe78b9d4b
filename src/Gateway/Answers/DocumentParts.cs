using System.Text.Json;
using System.Text.Unicode;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Answers;

/// <summary>The members of a job document that an answer is made of: slices of the document, byte for byte; null where it has no such member.</summary>
internal readonly record struct DocumentParts(ReadOnlyMemory<byte>? Output, ReadOnlyMemory<byte>? Result)
{
    /// <summary>Arguments and the script's components may have all levels that JSON may have here, and the document holds them a few levels down.</summary>
    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = JsonText.DocumentOptions.MaxDepth + 8 };

    /// <summary>Reads a document once, from end to end.</summary>
    /// <returns>Null when it is no JSON object.</returns>
    public static DocumentParts? Find(ReadOnlyMemory<byte> document)
    {
        if (!Utf8.IsValid(document.Span))
        {
            return null;
        }

        try
        {
            return Read(document);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static DocumentParts? Read(ReadOnlyMemory<byte> document)
    {
        var reader = new Utf8JsonReader(LoneSurrogates.Replaced(document).Span, ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        var parts = default(DocumentParts);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isOutput = reader.ValueTextEquals("output"u8);
            var isResult = reader.ValueTextEquals("result"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var value = document[start..(int)reader.BytesConsumed];
            parts = isOutput ? parts with { Output = value } : isResult ? parts with { Result = value } : parts;
        }

        // Past the closing brace: whatever follows but white space is an error.
        reader.Read();
        return parts;
    }
}
