using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks;

/// <summary>What TheEye's definition of an argument says about its values. A member of the wrong kind reads as if it were absent.</summary>
internal sealed record ArgumentDefinition
{
    private ArgumentDefinition()
    {
    }

    public bool Required { get; private init; }

    /// <summary>Whether an array of values is allowed.</summary>
    public bool Multiple { get; private init; }

    /// <summary>In characters; 0 for none.</summary>
    public int MinLength { get; private init; }

    /// <summary>In characters; null for any number.</summary>
    public int? MaxLength { get; private init; }

    public string? Pattern { get; private init; }

    /// <summary>The values of a <c>select</c>, each once.</summary>
    public IReadOnlyList<ArgumentOption> Options { get; private init; } = [];

    public string Help { get; private init; } = "";

    /// <summary>The value that a form begins with: JSON text, or null.</summary>
    public string? Default { get; private init; }

    public static ArgumentDefinition Of(TaskArgument argument)
    {
        if (argument.Definition is null)
        {
            return new();
        }

        using var document = JsonDocument.Parse(argument.Definition, JsonText.DocumentOptions);
        var json = document.RootElement;
        return new()
        {
            Required = Member(json, "required") is { ValueKind: JsonValueKind.True },
            Multiple = Member(json, "multiple") is { ValueKind: JsonValueKind.True },
            MinLength = LengthOf(Member(json, "charsmin")) ?? 0,
            MaxLength = LengthOf(Member(json, "charsmax")),
            Pattern = Member(json, "pattern") is { } pattern && JsonText.AsString(pattern) is { Length: > 0 } text ? text : null,
            Options = OptionsOf(Member(json, "options")),
            Help = Member(json, "help") is { } help ? JsonText.AsString(help) ?? "" : "",
            Default = Member(json, "value") is { } value && JsonText.IsTruthy(value) ? Encoding.UTF8.GetString(JsonText.Compact(value)) : null,
        };
    }

    private static JsonElement? Member(JsonElement json, string name) => JsonText.TryGetMember(json, name, out var member) ? member : null;

    private static int? LengthOf(JsonElement? json) =>
        json is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var length) && length > 0 ? length : null;

    /// <summary>TheEye has objects with <c>id</c> and <c>label</c>; a plain value stands for itself.</summary>
    private static IReadOnlyList<ArgumentOption> OptionsOf(JsonElement? json) => json is { ValueKind: JsonValueKind.Array } options
        ? [.. options.EnumerateArray().Select(OptionOf).OfType<ArgumentOption>().DistinctBy(option => option.Text)]
        : [];

    private static ArgumentOption? OptionOf(JsonElement json)
    {
        var id = json.ValueKind == JsonValueKind.Object ? Member(json, "id") : json;
        return id is { } value && ArgumentCheck.TextOf(value) is { } text
            ? new(text, Encoding.UTF8.GetString(JsonText.Compact(value)), Member(json, "label") is { } label ? JsonText.AsString(label) : null)
            : null;
    }
}

/// <summary>A value of a <c>select</c>.</summary>
/// <param name="Text">As text: <c>1</c> and <c>"1"</c> are the same value.</param>
/// <param name="Json">As it was imported.</param>
/// <param name="Label">What a form calls it; null if it has no name of its own.</param>
internal sealed record ArgumentOption(string Text, string Json, string? Label);
