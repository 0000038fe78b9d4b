namespace SyncCluster.Scripts;

/// <summary>Base64 data URLs (RFC 2397), in which a task's <c>file</c> arguments travel.</summary>
internal static class DataUrl
{
    /// <summary>The content; null if the text is no base64 data URL or cannot be decoded.</summary>
    public static byte[]? Decode(string url)
    {
        var comma = url.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? url.IndexOf(',', StringComparison.Ordinal) : -1;
        if (comma < 0 || !url.AsSpan(0, comma).EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var text = url.AsSpan(comma + 1);
        var content = new byte[(text.Length / 4 * 3) + 3];
        return Convert.TryFromBase64Chars(text, content, out var length) ? content[..length] : null;
    }
}
