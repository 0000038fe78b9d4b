using System.Buffers;
using System.Text.Json;
using SyncCluster.Execution.Local;
using SyncCluster.Json;

namespace SyncCluster.Tasks.Recipes;

/// <summary>The environment variables of a recipe's task.</summary>
internal static class RecipeEnvironment
{
    private static readonly SearchValues<char> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    public static Dictionary<string, string> Read(RecipeFields task)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        if (task.Find("env") is not { } env)
        {
            return variables;
        }

        if (env.ValueKind != JsonValueKind.Object)
        {
            task.AddError("env", "must be an object of names and values");
            return variables;
        }

        foreach (var member in env.EnumerateObject())
        {
            var name = JsonText.NameOf(member);
            if (!IsName(name))
            {
                task.AddError("env", "has an invalid name: use letters, digits and _, and do not begin with a digit");
            }
            else if (JobEnvironment.IsReserved(name))
            {
                task.AddError("env", $"sets {name}, which the server sets itself: rename it");
            }
            else
            {
                variables[name] = Value(task, member.Value);
            }
        }

        return variables;
    }

    /// <summary>Whether a variable of this name may be added to those that the server sets itself.</summary>
    public static bool MayBeSet(string name) => IsName(name) && !JobEnvironment.IsReserved(name);

    private static string Value(RecipeFields task, JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
        {
            task.AddError("env", "has a value that is an object or an array: write it as JSON text in a string");
            return "";
        }

        var text = value.ValueKind == JsonValueKind.Null ? "" : JsonText.AsString(value) ?? value.GetRawText();
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            task.AddError("env", "has a value with a NUL character: remove it");
        }

        return text;
    }

    private static bool IsName(string name) => name.Length > 0 && !char.IsAsciiDigit(name[0]) && !name.AsSpan().ContainsAnyExcept(Letters);
}
