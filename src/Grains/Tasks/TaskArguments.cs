using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks;

/// <summary>What came of binding supplied values to a task's arguments.</summary>
internal abstract record BoundArguments
{
    private BoundArguments()
    {
    }

    /// <param name="Json">UTF-8, an array: one value for each of the task's arguments, by their order.</param>
    internal sealed record Bound(byte[] Json) : BoundArguments;

    /// <param name="Message">What is wrong, for a 400.</param>
    internal sealed record Refused(string Message) : BoundArguments;
}

/// <summary>The way of an argument: from the call's array by the task's order into the job's record, and from there to the script.</summary>
internal static class TaskArguments
{
    /// <param name="task">The task.</param>
    /// <param name="suppliedArray">
    /// A position for each argument of the task, by their order and with the fixed ones counted; an element <c>{"order":n,"value":v}</c> is for the
    /// argument with the order n wherever it stands, and holds no position. Of two elements for one argument the first counts.
    /// </param>
    public static BoundArguments Bind(TaskDefinition task, JsonElement suppliedArray)
    {
        var required = task.Arguments.Count(argument => !argument.IsFixed);
        if (suppliedArray.ValueKind != JsonValueKind.Array || suppliedArray.GetArrayLength() < required)
        {
            return new BoundArguments.Refused(TooFew(required));
        }

        var arguments = task.Arguments.OrderBy(argument => argument.Order).ToArray();
        var supplied = Place(arguments, suppliedArray);
        var bound = JsonText.Write(json =>
        {
            json.WriteStartArray();
            for (var rank = 0; rank < arguments.Length; rank++)
            {
                if (arguments[rank].IsFixed)
                {
                    json.WriteRawValue(arguments[rank].FixedValue ?? "null", skipInputValidation: true);
                }
                else
                {
                    ArgumentFormat.Write(json, task.ArgumentsType, arguments[rank], supplied[rank]);
                }
            }

            json.WriteEndArray();
        });
        var index = Words(bound).FindIndex(word => word.Contains('\0', StringComparison.Ordinal));
        return index < 0
            ? new BoundArguments.Bound(bound)
            : new BoundArguments.Refused($"Argument {index} contains a NUL character, which a script can't be given. Remove it.");
    }

    /// <summary>The original's message for a call with too few arguments.</summary>
    public static string TooFew(int required) => $"Invalid Task Arguments. An array of length {required} is required. Optionals must be null";

    /// <summary>The words that a script gets, one for each argument.</summary>
    /// <param name="bound">What <see cref="Bind"/> made.</param>
    public static List<string> Words(ReadOnlyMemory<byte> bound)
    {
        using var document = JsonDocument.Parse(bound, JsonText.DocumentOptions);
        return [.. document.RootElement.EnumerateArray().Select(Word)];
    }

    private static string Word(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.String => JsonText.StringOf(value),
        _ => Encoding.UTF8.GetString(JsonText.Compact(value)),
    };

    private static JsonElement?[] Place(TaskArgument[] arguments, JsonElement suppliedArray)
    {
        var ranks = new Dictionary<int, int>(arguments.Length);
        for (var rank = 0; rank < arguments.Length; rank++)
        {
            ranks.TryAdd(arguments[rank].Order, rank);
        }

        var placed = new JsonElement?[arguments.Length];
        var position = -1;
        foreach (var element in suppliedArray.EnumerateArray())
        {
            position++;
            var rank = OrderOf(element) is { } order ? ranks.GetValueOrDefault(order, -1) : position;
            if (rank >= 0 && rank < placed.Length)
            {
                placed[rank] ??= element;
            }
        }

        return placed;
    }

    private static int? OrderOf(JsonElement element) =>
        JsonText.TryGetMember(element, "order", out var order)
        && order.ValueKind == JsonValueKind.Number
        && order.TryGetInt32(out var number)
        && JsonText.TryGetMember(element, "value", out _)
            ? number
            : null;
}
