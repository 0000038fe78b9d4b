namespace SyncCluster.Scripts;

/// <summary>Base64 data URLs (RFC 2397), in which a task's <c>file</c> arguments travel.</summary>
internal static class DataUrl
{
    /// <summary>The content, or null if the word is no base64 data URL or cannot be decoded.</summary>
    public static byte[]? Decode(string word)
    {
        var comma = word.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? word.IndexOf(',', StringComparison.Ordinal) : -1;
        if (comma < 0 || !word.AsSpan(0, comma).EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var text = word.AsSpan(comma + 1);
        var content = new byte[(text.Length / 4 * 3) + 3];
        return Convert.TryFromBase64Chars(text, content, out var length) ? content[..length] : null;
    }
}
