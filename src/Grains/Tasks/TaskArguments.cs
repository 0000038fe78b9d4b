using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks;

/// <summary>Binds what a caller supplies to the arguments of a task, and hands it to the script.</summary>
internal static class TaskArguments
{
    /// <summary>The bound arguments, or why they can't be bound: one of the two is set.</summary>
    /// <param name="Json">JSON, UTF-8, an array with a value for each of the task's arguments.</param>
    /// <param name="Fault">What is wrong, for the caller.</param>
    public readonly record struct Binding(byte[]? Json, string? Fault);

    /// <param name="task">Whose arguments they are.</param>
    /// <param name="supplied">
    /// JSON, an array. It has a position for each of the task's arguments in their order, fixed ones too; an element <c>{"order":n,"value":v}</c>
    /// belongs to the argument of that order wherever it stands.
    /// </param>
    public static Binding Bind(TaskDefinition task, ReadOnlyMemory<byte> supplied)
    {
        using var document = JsonDocument.Parse(LoneSurrogates.Replaced(supplied), JsonText.DocumentOptions);
        var elements = document.RootElement.EnumerateArray().ToArray();
        var needed = task.Arguments.Count(argument => !argument.IsFixed);
        if (elements.Length < needed)
        {
            return new(null, $"Invalid Task Arguments. An array of length {needed} is required. Optionals must be null");
        }

        var named = new Dictionary<int, JsonElement>();
        foreach (var element in elements)
        {
            if (OrderOf(element) is { } order)
            {
                named[order] = element.GetProperty("value");
            }
        }

        var hasNul = false;
        var json = JsonText.Write(json =>
        {
            json.WriteStartArray();
            for (var rank = 0; rank < task.Arguments.Length; rank++)
            {
                var argument = task.Arguments[rank];
                if (argument.IsFixed)
                {
                    using var value = JsonDocument.Parse(argument.FixedValue ?? "null", JsonText.DocumentOptions);
                    hasNul |= !TryWrite(json, task.ArgumentsType, value.RootElement);
                }
                else if (named.TryGetValue(argument.Order, out var value))
                {
                    hasNul |= !TryWrite(json, task.ArgumentsType, value);
                }
                else if (rank < elements.Length && OrderOf(elements[rank]) is null)
                {
                    hasNul |= !TryWrite(json, task.ArgumentsType, elements[rank]);
                }
                else
                {
                    json.WriteNullValue();
                }
            }

            json.WriteEndArray();
        });
        return hasNul ? new(null, "Invalid Task Arguments. An argument holds a NUL character, which no program can be given") : new(json, null);
    }

    /// <summary>The bound arguments as words for the script.</summary>
    public static IReadOnlyList<string> Words(ReadOnlyMemory<byte> bound)
    {
        using var document = JsonDocument.Parse(bound, JsonText.DocumentOptions);
        return [.. document.RootElement.EnumerateArray().Select(Word)];
    }

    private static string Word(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.String => value.GetString()!,
        _ => value.GetRawText(),
    };

    private static int? OrderOf(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty("order", out var order)
        && order.ValueKind == JsonValueKind.Number
        && order.TryGetInt32(out var number)
        && element.TryGetProperty("value", out _)
            ? number
            : null;

    private static bool TryWrite(Utf8JsonWriter json, ArgumentsType type, JsonElement value)
    {
        var text = type switch
        {
            ArgumentsType.Json => JsonText.Compact(Unwrapped(value, _ => true)),
            ArgumentsType.Text => AsText(Unwrapped(value, inner => inner.ValueKind == JsonValueKind.String)),
            _ => AsLegacy(Unwrapped(value, IsTruthy)),
        };
        if (text is null)
        {
            json.WriteRawValue(value.GetRawText(), skipInputValidation: true);
            return true;
        }

        json.WriteStringValue(text);
        return !text.Contains('\0', StringComparison.Ordinal);
    }

    private static JsonElement Unwrapped(JsonElement value, Func<JsonElement, bool> counts) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty("value", out var inner) && counts(inner) ? inner : value;

    private static string AsText(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Null => "null",
        _ => JsonText.Compact(value),
    };

    /// <summary>Null: it stays as it is.</summary>
    private static string? AsLegacy(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()
        : IsTruthy(value) ? JsonText.Compact(value)
        : null;

    /// <summary>As in JavaScript.</summary>
    private static bool IsTruthy(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined or JsonValueKind.False => false,
        JsonValueKind.String => value.ValueEquals(""u8) is false,
        JsonValueKind.Number => Encoding.UTF8.GetBytes(value.GetRawText().Split('e', 'E')[0]).Any(digit => digit is >= (byte)'1' and <= (byte)'9'),
        _ => true,
    };
}
