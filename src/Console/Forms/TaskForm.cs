using System.Globalization;
using System.Text;
using System.Text.Json;
using SyncCluster.Json;
using SyncCluster.Tasks;

namespace SyncCluster.WebConsole.Forms;

/// <summary>The form of a task's arguments, by TheEye's definitions of them.</summary>
internal static class TaskForm
{
    /// <summary>A text that may be longer gets a field of several lines.</summary>
    private const int LongText = 200;

    /// <summary>Makes the fields.</summary>
    /// <param name="task">The task.</param>
    /// <param name="earlier">The arguments of an earlier job, as its document has them; null to begin with what the definitions say.</param>
    public static IReadOnlyList<FormField> FieldsOf(TaskDefinition task, JsonElement? earlier = null)
    {
        var arguments = task.Arguments.OrderBy(argument => argument.Order).ToArray();
        var values = earlier is { ValueKind: JsonValueKind.Array } array && array.GetArrayLength() == arguments.Length ? array : (JsonElement?)null;
        return [.. arguments.Select((argument, position) => FieldOf(task, argument, position, values?[position]))];
    }

    private static FormField FieldOf(TaskDefinition task, TaskArgument argument, int position, JsonElement? earlier)
    {
        var label = argument.Label.Length > 0 ? argument.Label : string.Create(CultureInfo.InvariantCulture, $"argument {position}");
        if (argument.IsFixed)
        {
            return new(position, label, FieldKind.Fixed) { Value = TextOfJson(argument.FixedValue ?? "null") };
        }

        var definition = ArgumentDefinition.Of(argument);
        var value = earlier is { } given ? TextOf(given) : definition.Default is { } initial ? TextOfJson(initial) : "";
        var kind = KindOf(task.ArgumentsType, argument, definition, value);
        return new(position, label, kind)
        {
            Help = definition.Help,
            Required = definition.Required,
            Multiple = definition.Multiple,
            MinLength = definition.MinLength,
            MaxLength = definition.MaxLength,
            Options = [.. definition.Options.Select(option => new FormOption(option.Label ?? option.Text, option.Json, IsIn(value, option)))],
            Value = kind switch
            {
                FieldKind.Lines => string.Join('\n', ElementsOf(value) ?? [value]),
                FieldKind.Json when earlier is null => definition.Default ?? "",
                _ => value,
            },
        };
    }

    private static FieldKind KindOf(ArgumentsType type, TaskArgument argument, ArgumentDefinition definition, string value) => argument.Type switch
    {
        "select" when definition.Options.Count > 0 => FieldKind.Select,
        "file" => FieldKind.File,
        "date" when value.Length == 0 || DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) => FieldKind.Date,
        "number" => FieldKind.Number,
        "json" => FieldKind.Json,
        _ when type == ArgumentsType.Json => FieldKind.Json,
        _ when definition.Multiple => FieldKind.Lines,
        _ when definition.MaxLength > LongText || value.Contains('\n', StringComparison.Ordinal) => FieldKind.LongText,
        _ => FieldKind.Text,
    };

    /// <summary>A value of a job's document as a field shows it.</summary>
    private static string TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.String => JsonText.StringOf(value),
        _ => value.GetRawText(),
    };

    private static string TextOfJson(string json)
    {
        using var document = JsonDocument.Parse(json, JsonText.DocumentOptions);
        return TextOf(document.RootElement);
    }

    private static bool IsIn(string value, ArgumentOption option) =>
        value == option.Text || value == option.Json || ElementsOf(value)?.Contains(option.Text) == true;

    /// <summary>The elements of a JSON array as text; null if the text is no such array.</summary>
    private static string[]? ElementsOf(string text)
    {
        if (!text.StartsWith('[') || !JsonText.TryParse(Encoding.UTF8.GetBytes(text), out var document))
        {
            return null;
        }

        using (document)
        {
            return document.RootElement.ValueKind == JsonValueKind.Array ? [.. document.RootElement.EnumerateArray().Select(TextOf)] : null;
        }
    }
}
