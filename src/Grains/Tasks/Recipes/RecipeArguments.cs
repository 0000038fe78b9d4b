using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks.Recipes;

/// <summary>The arguments of a recipe's task.</summary>
internal static class RecipeArguments
{
    public const int MaxCount = 1000;

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

        return arguments;
    }

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
        return new TaskArgument(order, type, fields.Text("label") ?? "", type == TaskArgument.FixedType ? FixedValue(fields) : null);
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
