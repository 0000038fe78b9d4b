using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks.Recipes;

/// <summary>What is wrong with a recipe: the first thing is what its author is told.</summary>
internal sealed class Complaints
{
    public string? First { get; private set; }

    public void Add(string complaint) => First ??= complaint;
}

/// <summary>
/// One object of a recipe, read member by member. A member of the wrong kind is a complaint and reads as its default, so that the reader of the
/// recipe need not stop at each.
/// </summary>
/// <param name="json">The object.</param>
/// <param name="name">What a complaint calls it.</param>
/// <param name="complaints">Where complaints go.</param>
internal sealed class RecipeFields(JsonElement json, string name, Complaints complaints)
{
    /// <summary>A member that is present and not null.</summary>
    public JsonElement? Find(string member) =>
        JsonText.TryGetMember(json, member, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A text, or null.</summary>
    public string? Text(string member, int maxLength = int.MaxValue)
    {
        if (Find(member) is not { } value)
        {
            return null;
        }

        var text = JsonText.AsString(value);
        if (text is null)
        {
            Complain(member, "must be text");
        }
        else if (text.Length > maxLength)
        {
            Complain(member, $"is longer than {maxLength} characters: shorten it");
            text = null;
        }

        return text;
    }

    /// <summary>True or false; true where it is absent.</summary>
    public bool Flag(string member)
    {
        var kind = Find(member)?.ValueKind ?? JsonValueKind.True;
        if (kind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Complain(member, "must be true or false");
        }

        return kind != JsonValueKind.False;
    }

    /// <summary>One of a few words; null where it is absent or empty.</summary>
    public string? Word(string member, params ReadOnlySpan<string> words)
    {
        var text = Text(member);
        if (text is { Length: > 0 } && !words.Contains(text))
        {
            Complain(member, $"must be one of: {string.Join(", ", words)}");
            return null;
        }

        return text is "" ? null : text;
    }

    /// <summary>An array's elements.</summary>
    public JsonElement[] List(string member)
    {
        if (Find(member) is not { } value)
        {
            return [];
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            Complain(member, "must be an array");
            return [];
        }

        return [.. value.EnumerateArray()];
    }

    public void Complain(string member, string what) => complaints.Add($"{name}.{member} {what}.");
}
