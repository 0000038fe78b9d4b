using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.Features;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>
/// The headers of all answers of the console. Its pages load the scripts and styles that they name with the nonce of their answer, and nothing else: to
/// name their folder would let none load where the server is reached by an address of IPv6, and a task may answer with a script at another address of
/// this server.
/// </summary>
internal sealed class ConsoleHeaders(RequestDelegate next)
{
    private const int NonceLength = 16;

    /// <summary>The nonce of a request's answer.</summary>
    public static string NonceOf(HttpContext http) => http.Features.GetRequiredFeature<Nonce>().Text;

    public Task InvokeAsync(HttpContext http)
    {
        if (ConsolePaths.Contains(http.Request.Path))
        {
            var nonce = new Nonce(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(NonceLength)));
            http.Features.Set(nonce);

            // Late: the answer to an exception starts with clearing the headers that were set before.
            http.Response.OnStarting(
                static state =>
                {
                    var (headers, nonce) = ((IHeaderDictionary, string))state;
                    Write(headers, nonce);
                    return Task.CompletedTask;
                },
                (http.Response.Headers, nonce.Text));
        }

        return next(http);
    }

    private static void Write(IHeaderDictionary headers, string nonce)
    {
        headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'self'; "
            + "frame-ancestors 'none'";
        headers.Remove("blazor-enhanced-nav");
        headers.XFrameOptions = "DENY";
        headers.XContentTypeOptions = "nosniff";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";

        // With none at all, a form's Origin would be null.
        headers["Referrer-Policy"] = "same-origin";
        if (!headers.CacheControl.ToString().Contains("immutable", StringComparison.Ordinal))
        {
            headers.CacheControl = "no-store";
        }
    }

    private sealed record Nonce(string Text);
}
