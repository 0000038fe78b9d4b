using System.Globalization;
using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Jobs;

/// <summary>
/// A job's output as it is stored, and as the sync call returns it: a JSON array of strings (TheEye: "The output of a job is always stored in
/// the database as an array of Task Arguments strings").
/// </summary>
internal static class JobOutput
{
    /// <summary>How many bytes of UTF-8 a stored output may have.</summary>
    public const int Limit = 1 << 20;

    /// <summary>The output of a job that gave none.</summary>
    public static byte[] Empty() => "[]"u8.ToArray();

    /// <summary>A message of the server in place of an output.</summary>
    public static byte[] OfMessage(string message) => JsonText.Write(json =>
    {
        json.WriteStartArray();
        json.WriteStringValue(message);
        json.WriteEndArray();
    });

    /// <summary>
    /// The elements of an array, or of the array in a text, each as a string; an element that is not a string becomes its JSON text. Any other value
    /// becomes the only element.
    /// </summary>
    public static byte[] Of(JsonElement output) => output.ValueKind switch
    {
        JsonValueKind.Array => OfElements(output),
        JsonValueKind.String => OfText(JsonText.StringOf(output)),
        _ => OfMessage(Encoding.UTF8.GetString(JsonText.Compact(output))),
    };

    /// <summary>The message in place of an output that is over the limit.</summary>
    public static byte[] TooLong(int length) => OfMessage(string.Create(
        CultureInfo.InvariantCulture,
        $"The task's output was {length} bytes and the limit is {Limit}. Have the task put out less, or a link to it."));

    private static byte[] OfText(string text)
    {
        if (JsonText.TryParse(Encoding.UTF8.GetBytes(text), out var document))
        {
            using (document)
            {
                if (document.RootElement.ValueKind == JsonValueKind.Array)
                {
                    return OfElements(document.RootElement);
                }
            }
        }

        return OfMessage(text);
    }

    private static byte[] OfElements(JsonElement array) => JsonText.Write(json =>
    {
        json.WriteStartArray();
        foreach (var element in array.EnumerateArray())
        {
            json.WriteStringValue(JsonText.AsString(element) ?? Encoding.UTF8.GetString(JsonText.Compact(element)));
        }

        json.WriteEndArray();
    });
}
