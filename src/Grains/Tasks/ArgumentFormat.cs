using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks;

/// <summary>Formats a supplied value as it is stored with the job, by TheEye's rules for each <see cref="ArgumentsType"/>.</summary>
internal static class ArgumentFormat
{
    public static void Write(Utf8JsonWriter json, ArgumentsType type, TaskArgument argument, JsonElement? supplied)
    {
        if (argument.Type == "file" && supplied is { ValueKind: JsonValueKind.String } file && IsDataUrl(JsonText.StringOf(file)))
        {
            json.WriteStringValue(JsonText.StringOf(file));
        }
        else if (type == ArgumentsType.Legacy)
        {
            WriteLegacy(json, supplied);
        }
        else
        {
            var value = Effective(type, supplied);
            json.WriteStringValue(type == ArgumentsType.Text && value is { } text ? JsonText.AsString(text) ?? JsonOf(text) : JsonOf(value));
        }
    }

    /// <summary>What of a supplied value the script gets: it, or its <c>value</c>; null if there is none.</summary>
    public static JsonElement? Effective(ArgumentsType type, JsonElement? supplied) => supplied is not { } value ? null : (type, Member(value)) switch
    {
        (ArgumentsType.Json, { } member) => member,

        // Like TheEye, these keep the whole object if its "value" is not a string, or is not true.
        (ArgumentsType.Text, { ValueKind: JsonValueKind.String } member) => member,
        (ArgumentsType.Legacy, { } member) when JsonText.IsTruthy(member) => member,
        _ => value,
    };

    /// <summary>Whether the text is a data URL in base64: a file that the caller sends.</summary>
    public static bool IsDataUrl(string text) =>
        text.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
        && text.AsSpan(0, text.IndexOf(',', StringComparison.Ordinal) + 1).EndsWith(";base64,", StringComparison.OrdinalIgnoreCase);

    /// <summary>A value as JSON text: a string as <c>JSON.stringify</c> writes it, any other value as the caller wrote it.</summary>
    private static string JsonOf(JsonElement? value) => value switch
    {
        null => "null",
        { ValueKind: JsonValueKind.String } text => $"\"{JsonText.Encoder.Encode(JsonText.StringOf(text))}\"",
        { } other => Encoding.UTF8.GetString(JsonText.Compact(other)),
    };

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
            var effective = Effective(ArgumentsType.Legacy, value)!.Value;
            json.WriteStringValue(JsonText.AsString(effective) ?? JsonOf(effective));
        }
    }

    private static JsonElement? Member(JsonElement value) => JsonText.TryGetMember(value, "value", out var member) ? member : null;
}
