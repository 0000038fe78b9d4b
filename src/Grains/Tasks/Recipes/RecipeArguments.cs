using System.Globalization;
using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks.Recipes;

/// <summary>The arguments of a recipe's task.</summary>
internal static class RecipeArguments
{
    public const int MaxCount = 1000;

    /// <summary>How many characters the definitions may take together: each call reads them.</summary>
    private const int MaxDefinitions = 64 * 1024;

    private const int MaxDepth = 16;

    /// <summary>The arguments in ascending order. No order occurs twice.</summary>
    public static TaskArgument[] Read(RecipeFields task, RecipeErrors errors)
    {
        var member = task.Find("task_arguments") is null ? "script_arguments" : "task_arguments";
        var elements = task.Array(member);
        if (elements.Length > MaxCount)
        {
            task.AddError(member, $"has more than {MaxCount} arguments: pass an array as one of them");
            return [];
        }

        var arguments = elements
            .Select((element, index) => ReadOne(element, index, $"task.{member}[{index}]", errors))
            .OrderBy(argument => argument.Order)
            .ToArray();
        for (var next = 1; next < arguments.Length; next++)
        {
            if (arguments[next].Order == arguments[next - 1].Order)
            {
                task.AddError(member, $"has the order {arguments[next].Order} twice: number the arguments from 0");
            }
        }

        if (arguments.Sum(argument => argument.Definition?.Length ?? 0) > MaxDefinitions)
        {
            task.AddError(member, $"has definitions of more than {MaxDefinitions} characters: shorten their options and texts");
        }

        return arguments;
    }

    /// <summary>What is wrong with a pattern that calls are to be held against.</summary>
    public static string? PatternFault(IEnumerable<TaskArgument> arguments) => arguments
        .Where(argument => ArgumentDefinition.Of(argument).Pattern is { } pattern && !ArgumentCheck.IsCheckable(pattern))
        .Select(argument => string.Create(
            CultureInfo.InvariantCulture,
            $"The pattern of the argument with the order {argument.Order} can't be checked here: write it shorter, and without look-arounds and back-references."))
        .FirstOrDefault();

    private static TaskArgument ReadOne(JsonElement element, int index, string name, RecipeErrors errors)
    {
        var fields = new RecipeFields(element, name, errors);
        if (element.ValueKind != JsonValueKind.Object)
        {
            errors.Add($"{name} must be an object with order, type and label.");
        }

        var order = index;
        if (fields.Find("order") is { } number && (number.ValueKind != JsonValueKind.Number || !number.TryGetInt32(out order)))
        {
            fields.AddError("order", "must be a whole number");
        }

        var type = fields.Text("type") ?? "input";
        var isFixed = type == TaskArgument.FixedType;
        return new TaskArgument(order, type, fields.Text("label") ?? "", isFixed ? FixedValue(fields) : null)
        {
            Definition = element.ValueKind == JsonValueKind.Object ? DefinitionOf(element, isFixed, name, errors) : null,
        };
    }

    /// <summary>The members that are not read here. If several have a name, the last one counts.</summary>
    private static string? DefinitionOf(JsonElement element, bool isFixed, string name, RecipeErrors errors)
    {
        var members = element.EnumerateObject()
            .Select(member => (Name: JsonText.NameOf(member), Value: Encoding.UTF8.GetString(JsonText.Compact(member.Value))))
            .Where(member => member.Name is not ("order" or "type" or "label") && !(isFixed && member.Name == "value"))
            .Reverse().DistinctBy(member => member.Name).Reverse()
            .ToArray();
        if (members.Any(member => DepthOf(member.Value) > MaxDepth))
        {
            errors.Add($"{name} nests deeper than {MaxDepth} levels.");
        }

        return members.Length == 0 ? null : Encoding.UTF8.GetString(JsonText.Write(json =>
        {
            json.WriteStartObject();
            foreach (var (member, value) in members)
            {
                json.WritePropertyName(member);
                json.WriteRawValue(value, skipInputValidation: true);
            }

            json.WriteEndObject();
        }));
    }

    private static int DepthOf(string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json), new JsonReaderOptions { MaxDepth = JsonText.MaxDepth });
        var depth = 0;
        while (reader.Read())
        {
            depth = Math.Max(depth, reader.CurrentDepth);
        }

        return depth;
    }

    private static string FixedValue(RecipeFields fields)
    {
        if (fields.Find("value") is not { } value)
        {
            return "null";
        }

        if (JsonText.AsString(value)?.Contains('\0', StringComparison.Ordinal) == true)
        {
            fields.AddError("value", "contains a NUL character, which can't be passed to a script: remove it");
        }

        return Encoding.UTF8.GetString(JsonText.Compact(value));
    }
}
