using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Execution;

/// <summary>What a script reports in the last line of its log, by TheEye's rules. What it does not report is null.</summary>
internal sealed record ScriptReport
{
    /// <summary>The maximal nesting of the output: two levels less than that of a document, which contains it two levels down.</summary>
    public const int MaxDepth = JsonText.MaxDepth - 2;

    private static readonly ScriptReport Empty = new();

    /// <summary>The state as the script reports it. Only <c>success</c> and <c>failure</c> have a meaning.</summary>
    public string? State { get; private init; }

    /// <summary>The output as the script reports it: a copy that outlives the parsed line.</summary>
    public JsonElement? Output { get; private init; }

    public string? EventName { get; private init; }

    public byte[]? Components { get; private init; }

    public byte[]? Next { get; private init; }

    /// <summary>Reads the last line. False: it is JSON that nests too deep.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out ScriptReport? line)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (JsonText.TryParse(bytes, out var document, MaxDepth))
        {
            using (document)
            {
                line = Of(document.RootElement);
                return true;
            }
        }

        line = IsWellFormed(bytes) ? null : new ScriptReport { State = text };
        return line is not null;
    }

    // A reader is used, because the time to build a deeply nested document is quadratic.
    private static bool IsWellFormed(byte[] json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = int.MaxValue });
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static ScriptReport Of(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => new ScriptReport
        {
            State = Truthy(json, "state") is { } state ? JsonText.AsString(state) : null,
            Output = (Truthy(json, "output") ?? Truthy(json, "data") ?? json).Clone(),
            EventName = Truthy(json, "event_name") is { } name ? NameOf(name) : null,
            Components = Truthy(json, "components") is { } components ? JsonText.Compact(components) : null,
            Next = Truthy(json, "next") is { } next ? JsonText.Compact(next) : null,
        },
        JsonValueKind.Array => new ScriptReport { Output = json.Clone() },
        JsonValueKind.String when JsonText.IsTruthy(json) => new ScriptReport { State = JsonText.StringOf(json), Output = json.Clone() },
        _ => Empty,
    };

    private static JsonElement? Truthy(JsonElement json, string name) =>
        JsonText.TryGetMember(json, name, out var member) && JsonText.IsTruthy(member) ? member : null;

    private static string? NameOf(JsonElement name) => name.ValueKind switch
    {
        JsonValueKind.String => JsonText.StringOf(name),
        JsonValueKind.Object or JsonValueKind.Array => null,
        _ => name.GetRawText(),
    };
}
