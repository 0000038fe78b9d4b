using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Execution;

/// <summary>What a script says of its end in the last line of its log, by TheEye's rules. All that it does not say is null.</summary>
internal sealed record ScriptReport
{
    /// <summary>How deep it may nest: two levels less than a document, which holds it two levels down.</summary>
    public const int MaxDepth = JsonText.MaxDepth - 2;

    private static readonly ScriptReport Silent = new();

    /// <summary>Whatever it calls its state; only <c>success</c> and <c>failure</c> mean something.</summary>
    public string? State { get; private init; }

    /// <summary>The output as the script gave it: a value of its own, which outlives the line.</summary>
    public JsonElement? Output { get; private init; }

    public string? EventName { get; private init; }

    public byte[]? Components { get; private init; }

    public byte[]? Next { get; private init; }

    /// <summary>False where it is JSON that nests too deep to be taken.</summary>
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

    // By a reader: a document takes quadratic time to build where it nests deep.
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
        _ => Silent,
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
