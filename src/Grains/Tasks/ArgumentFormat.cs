using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks;

/// <summary>How one supplied value becomes the value that is stored with the job: TheEye's rules for each <see cref="ArgumentsType"/>.</summary>
internal static class ArgumentFormat
{
    public static void Write(Utf8JsonWriter json, ArgumentsType type, TaskArgument argument, JsonElement? supplied)
    {
        if (argument.Type == "file" && supplied is { ValueKind: JsonValueKind.String } file && IsDataUrl(JsonText.StringOf(file)))
        {
            json.WriteStringValue(JsonText.StringOf(file));
        }
        else if (type == ArgumentsType.Json)
        {
            json.WriteStringValue(JsonOf(supplied is { } value ? Member(value) ?? value : null));
        }
        else if (type == ArgumentsType.Text)
        {
            json.WriteStringValue(TextOf(supplied));
        }
        else
        {
            WriteLegacy(json, supplied);
        }
    }

    /// <summary>A data URL in base64: a file that the caller sends along.</summary>
    public static bool IsDataUrl(string text) =>
        text.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
        && text.AsSpan(0, text.IndexOf(',', StringComparison.Ordinal) + 1).EndsWith(";base64,", StringComparison.OrdinalIgnoreCase);

    /// <summary>A value as JSON text: a string as <c>JSON.stringify</c> writes it, all else as it was written.</summary>
    private static string JsonOf(JsonElement? value) => value switch
    {
        null => "null",
        { ValueKind: JsonValueKind.String } text => $"\"{JsonText.Encoder.Encode(JsonText.StringOf(text))}\"",
        { } other => Encoding.UTF8.GetString(JsonText.Compact(other)),
    };

    // A "value" that is no string leaves the object as it is: so does TheEye.
    private static string TextOf(JsonElement? supplied) =>
        supplied is { } value && JsonText.AsString(Member(value) ?? value) is { } text ? text : JsonOf(supplied);

    private static void WriteLegacy(Utf8JsonWriter json, JsonElement? supplied)
    {
        if (supplied is not { } value)
        {
            json.WriteNullValue();
        }
        else if (!JsonText.IsTruthy(value) && value.ValueKind != JsonValueKind.String)
        {
            json.WriteRawValue(JsonText.Compact(value), skipInputValidation: true);
        }
        else
        {
            var meant = Member(value) is { } member && JsonText.IsTruthy(member) ? member : value;
            json.WriteStringValue(JsonText.AsString(meant) ?? JsonOf(meant));
        }
    }

    private static JsonElement? Member(JsonElement value) => JsonText.TryGetMember(value, "value", out var member) ? member : null;
}
