using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>
/// The addresses of this dialect's redirects. A client follows them as they are, so the address must have all of its query: only here a token may be in
/// it. The call's arguments are left out; they are not read there, and proxies limit the length of a header.
/// </summary>
internal static class PollingLinks
{
    public static string Path(string job) => $"/job/{job}/result";

    public static string PathWithSecret(string job, string secret) => $"/job/{job}/secret/{secret}/result";

    /// <summary>For the wait after this one.</summary>
    public static string Next(string path, HttpRequest request, int counter) => Of(path, request, counter, keepsToken: true);

    /// <summary>For the first wait for a new job.</summary>
    public static string First(string path, HttpRequest request)
    {
        var address = new StringBuilder(Next(path, request, 0));
        Default(address, request, "limit", PollingCursor.DefaultLimit);
        Default(address, request, "timeout", PollingCursor.DefaultTimeout);
        return address.ToString();
    }

    /// <summary>For an error: without the token.</summary>
    public static string OfProblem(string path, HttpRequest request) => Of(path, request, 0, keepsToken: false);

    private static string Of(string path, HttpRequest request, int counter, bool keepsToken)
    {
        var address = new StringBuilder(path).Append('?');
        foreach (var pair in new QueryStringEnumerable(request.QueryString.Value))
        {
            var name = pair.DecodeName();
            if (Is(name, "counter") || name.Span.StartsWith("task_arguments", StringComparison.OrdinalIgnoreCase) || (Is(name, "access_token") && !keepsToken))
            {
                continue;
            }

            address.Append(Escaped(pair.EncodedName, name));
            if (!pair.EncodedValue.IsEmpty)
            {
                address.Append('=').Append(Escaped(pair.EncodedValue, pair.DecodeValue()));
            }

            address.Append('&');
        }

        return address.Append(CultureInfo.InvariantCulture, $"counter={counter}").ToString();
    }

    private static void Default(StringBuilder address, HttpRequest request, string name, int value)
    {
        if (!request.Query.ContainsKey(name))
        {
            address.Append(CultureInfo.InvariantCulture, $"&{name}={value}");
        }
    }

    private static bool Is(ReadOnlyMemory<char> name, string known) => name.Span.Equals(known, StringComparison.OrdinalIgnoreCase);

    /// <summary>A part as it was sent, so that it gets no longer, unless a header or the rest of an address could not hold it.</summary>
    private static string Escaped(ReadOnlyMemory<char> sent, ReadOnlyMemory<char> decoded) =>
        sent.Span.ContainsAnyExceptInRange('!', '~') || sent.Span.Contains('#') ? Uri.EscapeDataString(decoded.ToString()) : sent.ToString();
}
