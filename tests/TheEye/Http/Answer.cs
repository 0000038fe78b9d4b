using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SyncCluster.TheEye.Http;

/// <summary>An HTTP answer, before a fault changes it.</summary>
internal sealed record Answer(int Status, byte[] Body, string? ContentType = Answer.JsonType)
{
    public const string JsonType = "application/json; charset=utf-8";

    public static readonly Answer NoContent = new(204, [], null);

    public static readonly Answer Ok = new(200, "\"ok\""u8.ToArray());

    public string? ContentEncoding { get; init; }

    public string? Location { get; init; }

    public static Answer Json(byte[] body) => new(200, body);

    public static Answer Text(int status, string body, string contentType) => new(status, Encoding.UTF8.GetBytes(body), contentType);

    /// <summary>A refusal as the supervisor writes most of them: a JSON string.</summary>
    public static Answer Refusal(int status, string words) => new(status, JsonSerializer.SerializeToUtf8Bytes(words));

    /// <summary>An error as TheEye writes few of them: an object.</summary>
    public static Answer Error(int status, string message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("message"u8, message);
        json.WriteNumber("statusCode"u8, status);
        json.WriteEndObject();
        json.Flush();
        return new Answer(status, buffer.WrittenSpan.ToArray());
    }
}
