using Microsoft.Extensions.Options;

namespace SyncCluster.Gateway.Http;

/// <summary>
/// The path below which a proxy serves this server, as its <c>X-Forwarded-Prefix</c> says: each <c>Location</c> begins with it. It comes before the
/// forwarded headers are applied: they make the prefix of a known proxy the path base of the request, whatever it looks like.
/// </summary>
internal sealed class PathPrefixMiddleware(RequestDelegate next, IOptions<ForwardedHeadersOptions> options)
{
    private const int MaxLength = 256;

    private readonly string _header = options.Value.ForwardedPrefixHeaderName;

    public Task InvokeAsync(HttpContext http)
    {
        var headers = http.Request.Headers;
        if (headers.ContainsKey(_header))
        {
            var prefixes = headers.GetCommaSeparatedValues(_header).Select(prefix => prefix.TrimEnd('/')).ToArray();
            if (prefixes.All(IsPrefix))
            {
                headers[_header] = prefixes;
                http.Response.OnStarting(static state => PrefixLocation((HttpContext)state), http);
            }
            else
            {
                headers.Remove(_header);
            }
        }

        return next(http);
    }

    private static Task PrefixLocation(HttpContext http)
    {
        var headers = http.Response.Headers;
        if (http.Request.PathBase.HasValue && headers.Location.ToString() is ['/', ..] location)
        {
            headers.Location = $"{http.Request.PathBase}{location}";
        }

        return Task.CompletedTask;
    }

    /// <summary>Whether it can begin an address of this server and nothing else: <c>//host</c> would be another one.</summary>
    private static bool IsPrefix(string text) =>
        text.Length <= MaxLength && text is ['/', .. var rest] && rest.Split('/').All(part => part.Any(char.IsAsciiLetterOrDigit) && part.All(IsPlain));

    private static bool IsPlain(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '_' or '~';
}
