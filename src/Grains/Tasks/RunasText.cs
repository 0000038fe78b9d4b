namespace SyncCluster.Tasks;

/// <summary>
/// A task's <c>script_runas</c>: shell text in which <c>%script%</c> stands for the script and its arguments. They are handed to the shell as
/// parameters, which only works where the shell sees a word of its own.
/// </summary>
internal static class RunasText
{
    public const string Placeholder = "%script%";

    /// <summary>The text with its placeholder unquoted.</summary>
    /// <exception cref="RecipeException">The placeholder is missing or stands inside quotes.</exception>
    public static string Read(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw RecipeException.Unusable("script_runas holds a NUL character.");
        }

        text = text
            .Replace($"\"{Placeholder}\"", Placeholder, StringComparison.Ordinal)
            .Replace($"'{Placeholder}'", Placeholder, StringComparison.Ordinal);
        var at = text.IndexOf(Placeholder, StringComparison.Ordinal);
        if (at < 0)
        {
            throw RecipeException.Unusable($"script_runas must say where the script goes, such as `node {Placeholder}`.");
        }

        for (; at >= 0; at = text.IndexOf(Placeholder, at + 1, StringComparison.Ordinal))
        {
            if (IsQuoted(text.AsSpan(0, at)) || !IsWord(text, at))
            {
                throw RecipeException.Unusable(
                    $"script_runas must have {Placeholder} as a word of its own outside of quotes, such as `sudo -u app node {Placeholder}`.");
            }
        }

        return text;
    }

    private static bool IsWord(string text, int at)
    {
        var end = at + Placeholder.Length;
        return (at == 0 || Separates(text[at - 1])) && (end == text.Length || Separates(text[end]));
    }

    private static bool Separates(char letter) => char.IsWhiteSpace(letter) || letter is ';' or '&' or '|' or '(' or ')' or '<' or '>';

    private static bool IsQuoted(ReadOnlySpan<char> before)
    {
        var quote = '\0';
        for (var i = 0; i < before.Length; i++)
        {
            if (before[i] == '\\' && quote != '\'')
            {
                i++;
            }
            else if (quote == '\0' && before[i] is ('"' or '\'' or '`'))
            {
                quote = before[i];
            }
            else if (before[i] == quote)
            {
                quote = '\0';
            }
        }

        return quote != '\0';
    }
}
