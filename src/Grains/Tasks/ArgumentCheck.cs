using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SyncCluster.Json;

namespace SyncCluster.Tasks;

/// <summary>
/// Whether the values of a call fit the definitions of the task's arguments (<see cref="ArgumentRule.Strict"/>). It looks at what the script would be
/// given. <see cref="ArgumentSchema"/> says the same as a JSON Schema.
/// </summary>
internal static class ArgumentCheck
{
    private const int ShownOptions = 20;
    private const int KeptPatterns = 1000;
    private const int LongestPattern = 1000;

    private static readonly TimeSpan MatchTime = TimeSpan.FromMilliseconds(250);
    private static readonly ConcurrentDictionary<string, Regex?> Patterns = new(StringComparer.Ordinal);

    private static readonly string[] Dates =
        ["yyyy-MM-dd", .. from separator in (string[])["'T'", " "] from time in (string[])["HH:mm", "HH:mm:ss", "HH:mm:ss.FFFFFFF"] select $"yyyy-MM-dd{separator}{time}K"];

    /// <summary>What does not fit.</summary>
    /// <param name="task">The task.</param>
    /// <param name="suppliedArray">What <see cref="TaskArguments.Bind"/> has bound.</param>
    public static IReadOnlyList<ArgumentFault> FaultsOf(TaskDefinition task, JsonElement suppliedArray)
    {
        var arguments = task.Arguments.OrderBy(argument => argument.Order).ToArray();
        var supplied = TaskArguments.ByRank(arguments, suppliedArray, out var surplus);
        var faults = new List<ArgumentFault>();
        for (var rank = 0; rank < arguments.Length; rank++)
        {
            if (FaultOf(arguments[rank], ArgumentFormat.Effective(task.ArgumentsType, supplied[rank]), task.ArgumentsType) is { } expected)
            {
                faults.Add(new(rank, arguments[rank].Label, expected));
            }
        }

        faults.AddRange(surplus.Select(position => new ArgumentFault(
            position, "", string.Create(CultureInfo.InvariantCulture, $"is for none of the task's {arguments.Length} arguments, or for one that has a value"))));
        return faults;
    }

    /// <summary>Whether a pattern can be checked here: in a time that grows with the text alone, so not with look-arounds and back-references, nor a very long one.</summary>
    public static bool IsCheckable(string pattern) => RegexOf(pattern) is not null;

    /// <summary>Text, a number or a truth value, as text; null for anything else.</summary>
    public static string? TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => JsonText.StringOf(value),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    /// <returns>What the value should be, as the rest of a sentence; null if it fits.</returns>
    private static string? FaultOf(TaskArgument argument, JsonElement? supplied, ArgumentsType type)
    {
        if (argument.IsFixed)
        {
            return null;
        }

        var definition = ArgumentDefinition.Of(argument);
        if (supplied is not { } value || IsMissing(value, definition))
        {
            return definition.Required ? "is required" : null;
        }

        if (!definition.Multiple || value.ValueKind != JsonValueKind.Array)
        {
            return ExpectedOf(argument, definition, value, type) is { } expected ? $"{expected}{(definition.Multiple ? ", or an array of such" : "")}" : null;
        }

        return value.EnumerateArray().Select(element => ExpectedOf(argument, definition, element, type)).FirstOrDefault(expected => expected is not null)
            is { } one ? $"{one}, each one of the array" : null;
    }

    private static bool IsMissing(JsonElement value, ArgumentDefinition definition) =>
        value.ValueKind == JsonValueKind.Null
        || JsonText.AsString(value) is ""
        || (definition.Multiple && value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0);

    private static string? ExpectedOf(TaskArgument argument, ArgumentDefinition definition, JsonElement value, ArgumentsType type)
    {
        var text = TextOf(value);
        switch (argument.Type)
        {
            case "select" when definition.Options.Count > 0:
                return definition.Options.Any(option => option.Text == text) ? null : $"must be one of: {Shown(definition.Options)}";
            case "date":
                return IsDate(value) ? null : "must be a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z";
            case "file":
                return IsFile(value) ? null : "must be a file, as data:…;base64,…";
            case "input" when type == ArgumentsType.Json && text is null:
                return null;
            case "input" or "select" or "remote-options" when text is null:
                return "must be text, a number, true or false";
            case "input":
                return LengthFault(definition, text!) ?? (Matches(definition.Pattern, text!) ? null : $"must match {Cut(definition.Pattern!, 200)}");
            default:
                return null;
        }
    }

    private static string? LengthFault(ArgumentDefinition definition, string text)
    {
        var length = text.EnumerateRunes().Count();
        return length < definition.MinLength ? string.Create(CultureInfo.InvariantCulture, $"must have {definition.MinLength} characters or more")
            : length > definition.MaxLength ? string.Create(CultureInfo.InvariantCulture, $"must have {definition.MaxLength} characters or fewer")
            : null;
    }

    private static bool IsDate(JsonElement value) =>
        JsonText.AsString(value) is { } text && DateTime.TryParseExact(text, Dates, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static bool IsFile(JsonElement value) =>
        JsonText.AsString(value) is { } text && ArgumentFormat.IsDataUrl(text) && Base64.IsValid(text.AsSpan(text.IndexOf(',', StringComparison.Ordinal) + 1));

    /// <summary>A pattern that can't be checked here fits anything.</summary>
    private static bool Matches(string? pattern, string text)
    {
        try
        {
            return pattern is null || RegexOf(pattern) is not { } regex || regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    private static Regex? RegexOf(string pattern)
    {
        if (pattern.Length > LongestPattern)
        {
            return null;
        }

        if (Patterns.Count > KeptPatterns)
        {
            Patterns.Clear();
        }

        return Patterns.GetOrAdd(pattern, static pattern =>
        {
            try
            {
                return new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, MatchTime);
            }
            catch (Exception fault) when (fault is ArgumentException or NotSupportedException)
            {
                return null;
            }
        });
    }

    internal static string Cut(string text, int length) => text.Length > length ? $"{text[..length]}…" : text;

    private static string Shown(IReadOnlyList<ArgumentOption> options)
    {
        var shown = string.Join(", ", options.Take(ShownOptions).Select(option => Cut(option.Text, 64)));
        return options.Count > ShownOptions
            ? string.Create(CultureInfo.InvariantCulture, $"{shown} and {options.Count - ShownOptions} more")
            : shown;
    }
}

/// <summary>A value that does not fit its argument's definition.</summary>
/// <param name="Position">The argument's position, from 0.</param>
/// <param name="Label">Its label.</param>
/// <param name="Expected">What the value should be, as the rest of a sentence.</param>
internal sealed record ArgumentFault(int Position, string Label, string Expected)
{
    /// <summary>As a sentence without its full stop.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"Argument {Position}{(Label.Length == 0 ? "" : $" ({ArgumentCheck.Cut(Label, 64)})")} {Expected}");
}
