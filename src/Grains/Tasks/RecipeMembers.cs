using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SyncCluster.Tasks;

/// <summary>Members of a recipe's task, each read and checked on its own.</summary>
internal static partial class RecipeMembers
{
    private const int MostArguments = 1000;

    /// <summary>A string; null where it is absent or null.</summary>
    /// <exception cref="RecipeException">It is something else.</exception>
    public static string? Text(JsonElement owner, string name) => Member(owner, name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        _ => throw RecipeException.Unusable($"`{name}` must be a string."),
    };

    public static bool Flag(JsonElement owner, string name, bool otherwise) => Member(owner, name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw RecipeException.Unusable($"`{name}` must be true or false."),
    };

    public static string[] Texts(JsonElement owner, string name) => Member(owner, name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(element => element.ValueKind == JsonValueKind.String) =>
            [.. list.EnumerateArray().Select(element => element.GetString()!)],
        _ => throw RecipeException.Unusable($"`{name}` must be an array of strings."),
    };

    /// <summary>Milliseconds, as a number or as text.</summary>
    public static TimeSpan Timeout(JsonElement task)
    {
        if (Member(task, "timeout") is not { } value)
        {
            return TaskDefinition.DefaultTimeout;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds >= 1
            && milliseconds <= TaskDefinition.LongestTimeout.TotalMilliseconds
            ? TimeSpan.FromMilliseconds(milliseconds)
            : throw RecipeException.Unusable($"`timeout` is in milliseconds, from 1 to {TaskDefinition.LongestTimeout.TotalMilliseconds}.");
    }

    public static Dictionary<string, string> Env(JsonElement task)
    {
        var env = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Member(task, "env") is not { } members)
        {
            return env;
        }

        if (members.ValueKind != JsonValueKind.Object)
        {
            throw RecipeException.Unusable("`env` must be an object of strings.");
        }

        foreach (var member in members.EnumerateObject())
        {
            var value = member.Value.ValueKind switch
            {
                JsonValueKind.String => member.Value.GetString()!,
                JsonValueKind.Null => "",
                _ => member.Value.GetRawText(),
            };
            if (!EnvName().IsMatch(member.Name) || value.Contains('\0', StringComparison.Ordinal))
            {
                throw RecipeException.Unusable("`env` has a name that is not letters, digits and _, or a value with a NUL character.");
            }

            if (member.Name.StartsWith("THEEYE_", StringComparison.Ordinal) || member.Name.StartsWith("SYNCCLUSTER_", StringComparison.Ordinal))
            {
                throw RecipeException.Unusable("`env` must not set names that begin with THEEYE_ or SYNCCLUSTER_: the server does.");
            }

            env[member.Name] = value;
        }

        return env;
    }

    public static TaskArgument[] Arguments(JsonElement task)
    {
        if ((Member(task, "task_arguments") ?? Member(task, "script_arguments")) is not { } list)
        {
            return [];
        }

        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(element => element.ValueKind != JsonValueKind.Object))
        {
            throw RecipeException.Unusable("`task_arguments` must be an array of objects.");
        }

        if (list.GetArrayLength() > MostArguments)
        {
            throw RecipeException.Unusable($"`task_arguments` has more than {MostArguments} elements.");
        }

        return [.. list.EnumerateArray().Select(Argument).OrderBy(argument => argument.Order)];
    }

    public static ArgumentsType ArgumentsType(JsonElement task) => Text(task, "arguments_type") switch
    {
        null or "" or "legacy" => Tasks.ArgumentsType.Legacy,
        "json" => Tasks.ArgumentsType.Json,
        "text" => Tasks.ArgumentsType.Text,
        _ => throw RecipeException.Unusable("`arguments_type` must be legacy, json or text."),
    };

    public static string? DefaultState(JsonElement task) => Text(task, "default_state_evaluation") switch
    {
        null or "" => null,
        var state and ("success" or "failure") => state,
        _ => throw RecipeException.Unusable("`default_state_evaluation` must be success or failure."),
    };

    public static JsonElement? Member(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static TaskArgument Argument(JsonElement argument, int index)
    {
        var order = Member(argument, "order") switch
        {
            null => index,
            { ValueKind: JsonValueKind.Number } number when number.TryGetInt32(out var whole) => whole,
            _ => throw RecipeException.Unusable("`order` of an argument must be a whole number."),
        };
        var type = Text(argument, "type") ?? "input";
        var value = type == "fixed" ? Member(argument, "value")?.GetRawText() : null;
        return new TaskArgument(order, type, Text(argument, "label") ?? "", value);
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex EnvName();
}
