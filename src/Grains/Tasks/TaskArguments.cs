using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks;

/// <summary>Binds the values of a call to the arguments of its task, and formats bound values for the script.</summary>
internal static class TaskArguments
{
    /// <summary>Binds the values that a call supplies.</summary>
    /// <param name="task">The task.</param>
    /// <param name="suppliedArray">
    /// One element for each argument of the task, in their order and with the fixed ones counted. An element <c>{"order":n,"value":v}</c> is for the
    /// argument with the order n, at whatever position it is. Of two elements for one argument the first counts.
    /// </param>
    public static BoundArguments Bind(TaskDefinition task, JsonElement suppliedArray)
    {
        var required = task.Arguments.Count(argument => !argument.IsFixed);
        if (suppliedArray.ValueKind != JsonValueKind.Array || suppliedArray.GetArrayLength() < required)
        {
            return new BoundArguments.Refused(TooFew(required));
        }

        if (task.Arguments is [])
        {
            return new BoundArguments.Bound("[]"u8.ToArray(), []);
        }

        var arguments = task.Arguments.OrderBy(argument => argument.Order).ToArray();
        var supplied = ByRank(arguments, suppliedArray, out _);
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
        var words = ForScript(bound);
        var index = words.FindIndex(text => text.Contains('\0', StringComparison.Ordinal));
        return index < 0
            ? new BoundArguments.Bound(bound, words)
            : new BoundArguments.Refused($"Argument {index} contains a NUL character, which can't be passed to a script. Remove it.");
    }

    /// <summary>The values that are to be supplied to have the same ones bound again.</summary>
    /// <param name="task">The task.</param>
    /// <param name="bound">The result of <see cref="Bind"/>, perhaps of the task as it was before.</param>
    public static ReadOnlyMemory<byte> Unbound(TaskDefinition task, ReadOnlyMemory<byte> bound)
    {
        // Of the other types a bound value is bound as it is.
        if (task.ArgumentsType != ArgumentsType.Json)
        {
            return bound;
        }

        using var values = JsonDocument.Parse(bound, JsonText.DocumentOptions);
        return JsonText.Write(json =>
        {
            json.WriteStartArray();
            foreach (var value in values.RootElement.EnumerateArray())
            {
                using var read = JsonText.AsString(value) is { } text ? TryParse(text) : null;
                var supplied = JsonText.Compact(read?.RootElement ?? value);
                if (read is not null && JsonText.TryGetMember(read.RootElement, "value", out _))
                {
                    // Else its member would be taken for the value.
                    json.WriteStartObject();
                    json.WritePropertyName("value");
                    json.WriteRawValue(supplied, skipInputValidation: true);
                    json.WriteEndObject();
                }
                else
                {
                    json.WriteRawValue(supplied, skipInputValidation: true);
                }
            }

            json.WriteEndArray();
        });
    }

    /// <summary>TheEye's message for a call with too few arguments.</summary>
    public static string TooFew(int required) => $"Invalid Task Arguments. An array of length {required} is required. Optionals must be null";

    /// <summary>The command-line arguments of the script, one for each argument of the task.</summary>
    /// <param name="bound">The result of <see cref="Bind"/>.</param>
    public static List<string> ForScript(ReadOnlyMemory<byte> bound)
    {
        using var document = JsonDocument.Parse(bound, JsonText.DocumentOptions);
        return [.. document.RootElement.EnumerateArray().Select(TextOf)];
    }

    private static string TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.String => JsonText.StringOf(value),
        _ => Encoding.UTF8.GetString(JsonText.Compact(value)),
    };

    /// <summary>The supplied element of each argument.</summary>
    /// <param name="arguments">The arguments in their order.</param>
    /// <param name="suppliedArray">As for <see cref="Bind"/>.</param>
    /// <param name="surplus">The positions of the elements that are for no argument, or for one that has an element.</param>
    public static JsonElement?[] ByRank(TaskArgument[] arguments, JsonElement suppliedArray, out IReadOnlyList<int> surplus)
    {
        var unused = new List<int>();
        surplus = unused;
        var ranks = new Dictionary<int, int>(arguments.Length);
        for (var rank = 0; rank < arguments.Length; rank++)
        {
            ranks.TryAdd(arguments[rank].Order, rank);
        }

        var ranked = new JsonElement?[arguments.Length];
        var position = -1;
        foreach (var element in suppliedArray.EnumerateArray())
        {
            position++;
            var rank = OrderOf(element) is { } order ? ranks.GetValueOrDefault(order, -1) : position;
            if (rank >= 0 && rank < ranked.Length && ranked[rank] is null)
            {
                ranked[rank] = element;
            }
            else
            {
                unused.Add(position);
            }
        }

        return ranked;
    }

    private static JsonDocument? TryParse(string text)
    {
        try
        {
            return JsonDocument.Parse(text, JsonText.DocumentOptions);
        }
        catch (Exception fault) when (fault is JsonException or ArgumentException)
        {
            return null;
        }
    }

    private static int? OrderOf(JsonElement element) =>
        JsonText.TryGetMember(element, "order", out var order)
        && order.ValueKind == JsonValueKind.Number
        && order.TryGetInt32(out var number)
        && JsonText.TryGetMember(element, "value", out _)
            ? number
            : null;
}
