using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Jobs;

/// <summary>How TheEye stores what a job put out: as an array of strings, whatever it was.</summary>
internal static class StoredOutput
{
    /// <summary>The most bytes of a stored output.</summary>
    public const int Limit = 1 << 20;

    /// <summary>No output.</summary>
    public static byte[] Empty => "[]"u8.ToArray();

    /// <summary>Text that holds a JSON array becomes its elements, other text one element.</summary>
    public static byte[] Of(string text)
    {
        if (text.AsSpan().TrimStart(" \t\r\n").StartsWith("[") && JsonText.TryParse(Encoding.UTF8.GetBytes(text), out var document))
        {
            using (document)
            {
                return Of(document.RootElement);
            }
        }

        return Single(text);
    }

    /// <summary>An array's elements that are not strings become JSON text; a string is stored as text; anything else becomes one element of JSON text.</summary>
    public static byte[] Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Of(value.GetString()!),
        JsonValueKind.Array => JsonText.Write(json =>
        {
            json.WriteStartArray();
            foreach (var element in value.EnumerateArray())
            {
                json.WriteStringValue(element.ValueKind == JsonValueKind.String ? element.GetString() : JsonText.Compact(element));
            }

            json.WriteEndArray();
        }),
        _ => Single(JsonText.Compact(value)),
    };

    /// <summary>One element: the text, whatever it is.</summary>
    public static byte[] Single(string text) => JsonText.Write(json =>
    {
        json.WriteStartArray();
        json.WriteStringValue(text);
        json.WriteEndArray();
    });
}
