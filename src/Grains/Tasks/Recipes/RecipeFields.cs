using System.Globalization;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks.Recipes;

/// <summary>
/// One object of a recipe, read member by member. A member of the wrong kind adds an error and reads as its default, so that the caller need not
/// check each one.
/// </summary>
/// <param name="json">The object.</param>
/// <param name="name">Its name in errors.</param>
/// <param name="errors">Receives the errors.</param>
internal sealed class RecipeFields(JsonElement json, string name, RecipeErrors errors)
{
    /// <summary>The member; null if it is absent or null.</summary>
    public JsonElement? Find(string member) =>
        JsonText.TryGetMember(json, member, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>The text of a string; null if it is absent.</summary>
    public string? Text(string member, int maxLength = int.MaxValue)
    {
        if (Find(member) is not { } value)
        {
            return null;
        }

        var text = JsonText.AsString(value);
        if (text is null)
        {
            AddError(member, "must be text");
        }
        else if (text.Length > maxLength)
        {
            AddError(member, $"is longer than {maxLength} characters: shorten it");
            text = null;
        }

        return text;
    }

    /// <summary>The value of a boolean.</summary>
    /// <param name="member">The member's name.</param>
    /// <param name="otherwise">The value if it is absent.</param>
    public bool Boolean(string member, bool otherwise)
    {
        switch (Find(member)?.ValueKind)
        {
            case null:
                return otherwise;
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            default:
                AddError(member, "must be true or false");
                return otherwise;
        }
    }

    /// <summary>The value of a whole number from 1 on; null if it is absent.</summary>
    public long? PositiveNumber(string member, long max)
    {
        if (Find(member) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var number) || number <= 0 || number > max)
        {
            AddError(member, $"must be a whole number from 1 to {max.ToString(CultureInfo.InvariantCulture)}");
            return null;
        }

        return number;
    }

    /// <summary>One of the given values; null if it is absent or empty.</summary>
    public string? OneOf(string member, params ReadOnlySpan<string> values)
    {
        var text = Text(member);
        if (text is { Length: > 0 } && !values.Contains(text))
        {
            AddError(member, $"must be one of: {string.Join(", ", values)}");
            return null;
        }

        return text is "" ? null : text;
    }

    /// <summary>The elements of an array; none if it is absent.</summary>
    public JsonElement[] Array(string member)
    {
        if (Find(member) is not { } value)
        {
            return [];
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            AddError(member, "must be an array");
            return [];
        }

        return [.. value.EnumerateArray()];
    }

    /// <summary>Adds an error about a member.</summary>
    /// <param name="member">The member's name, the subject of the sentence.</param>
    /// <param name="error">The rest of the sentence, without its full stop.</param>
    public void AddError(string member, string error) => errors.Add($"{name}.{member} {error}.");
}
