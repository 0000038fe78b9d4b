using System.Text.Encodings.Web;
using System.Text.Json;

namespace SyncCluster.Json;

/// <summary>How JSON is read and written everywhere in this service.</summary>
internal static class JsonText
{
    /// <summary>Escapes what JSON needs and nothing more.</summary>
    public static JavaScriptEncoder Encoder { get; } = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>Strict JSON, nested up to 256 levels.</summary>
    public static JsonDocumentOptions DocumentOptions { get; } = new() { MaxDepth = 256 };
}
