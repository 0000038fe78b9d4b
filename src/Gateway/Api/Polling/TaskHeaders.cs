using System.Buffers;
using System.Collections.ObjectModel;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.Net.Http.Headers;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>
/// The headers that a task may set in its response: those that describe the body, and those that only its own clients know. All others control browsers,
/// caches and proxies, and only this server may set them.
/// </summary>
internal static class TaskHeaders
{
    /// <summary>Characters of all names and values together. Proxies refuse an answer whose headers are too long, and the answer would be lost.</summary>
    public const int MaxLength = 2048;

    /// <summary>Counted for each header beside its characters, as HTTP/2 does (RFC 9113, 6.5.2).</summary>
    private const int Overhead = 32;

    private static readonly SearchValues<char> NameLetters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~");

    public static IReadOnlyDictionary<string, string> None => ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Of a name that is there more than once, the last one. Of what is too long altogether, the first ones.</summary>
    public static IReadOnlyDictionary<string, string> Of(JsonElement headers)
    {
        if (headers.ValueKind != JsonValueKind.Object)
        {
            return None;
        }

        var taken = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var left = MaxLength;
        foreach (var header in headers.EnumerateObject())
        {
            var name = JsonText.NameOf(header);
            if (IsTaken(name) && ValueOf(header.Value) is { } value && IsValue(name, value) && (left -= name.Length + value.Length + Overhead) >= 0)
            {
                taken[name] = value;
            }
        }

        return taken;
    }

    /// <summary>Whether a task may set a header.</summary>
    public static bool IsTaken(string name) => IsOfBody(name)
        || (name.Length > 0 && !name.AsSpan().ContainsAnyExcept(NameLetters) && !StandardHeaders.Has(name));

    private static bool IsOfBody(string name) => Is(name, HeaderNames.ContentType) || Is(name, HeaderNames.ContentDisposition) || Is(name, HeaderNames.ContentLanguage);

    private static string? ValueOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => JsonText.StringOf(value).Trim(' '),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(value)),
        _ => null,
    };

    private static bool IsValue(string name, string value) =>
        value.Length > 0 && !value.AsSpan().ContainsAnyExceptInRange(' ', '~') && (!Is(name, HeaderNames.ContentType) || IsType(value));

    /// <summary>A task may not use the type of this server's own errors: clients recognise them by it.</summary>
    private static bool IsType(string value) =>
        MediaTypeHeaderValue.TryParse(value, out var type) && !type.SubType.StartsWith("problem", StringComparison.OrdinalIgnoreCase);

    private static bool Is(string name, string known) => name.Equals(known, StringComparison.OrdinalIgnoreCase);
}
