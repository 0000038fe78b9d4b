using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SyncCluster.TheEye.Jobs;

/// <summary>The content of a create call's body.</summary>
/// <param name="Json">The JSON array of arguments; a slice of the body where the body contains it.</param>
/// <param name="Count">How many arguments there are.</param>
/// <param name="Syncing">Whether the job must wait for <c>synced</c>.</param>
internal readonly record struct Arguments(ReadOnlyMemory<byte> Json, int Count, bool Syncing)
{
    /// <summary>The original reads JSON with thousands of levels.</summary>
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 1000 };

    private static readonly Arguments None = new("[]"u8.ToArray(), 0, false);

    /// <summary>An object with <c>task_arguments</c>, an array, or any other value, which is then the only argument.</summary>
    /// <exception cref="JsonException">The body is no JSON.</exception>
    public static Arguments Read(byte[] body)
    {
        if (body.Length == 0)
        {
            return None;
        }

        using var document = JsonDocument.Parse(body, Deep);
        var root = document.RootElement;
        if (root.ValueKind == JsonValueKind.Array)
        {
            return new Arguments(body, root.GetArrayLength(), false);
        }

        var syncing = root.ValueKind == JsonValueKind.Object
            && root.TryGetProperty("lifecycle"u8, out var lifecycle) && lifecycle.ValueEquals("syncing"u8);
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("task_arguments"u8, out var arguments))
        {
            return arguments.ValueKind == JsonValueKind.Array
                ? new Arguments(Encoding.UTF8.GetBytes(arguments.GetRawText()), arguments.GetArrayLength(), syncing)
                : new Arguments(Encoding.UTF8.GetBytes($"[{arguments.GetRawText()}]"), 1, syncing);
        }

        return new Arguments(Encoding.UTF8.GetBytes($"[{root.GetRawText()}]"), 1, syncing);
    }

    /// <summary>The arguments as an array of strings, which is how TheEye stores outputs.</summary>
    public static byte[] AsStrings(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, Deep);
        var buffer = new ArrayBufferWriter<byte>(json.Length + 16);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartArray();
        foreach (var element in document.RootElement.EnumerateArray())
        {
            writer.WriteStringValue(element.ValueKind == JsonValueKind.String ? element.GetString() : element.GetRawText());
        }

        writer.WriteEndArray();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
