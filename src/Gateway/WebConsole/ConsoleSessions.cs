using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>
/// Who has signed in with a browser: its cookie has the token, encrypted. Any gateway can read it, and none keeps anything. That the token is still valid is
/// checked at each request, as with any client's.
/// </summary>
internal sealed class ConsoleSessions(IDataProtectionProvider protection, IOptions<ConsoleOptions> options, TimeProvider timeProvider)
{
    public const string Cookie = "synccluster-console";

    private readonly IDataProtector _protector = protection.CreateProtector("SyncCluster.Console.Session");

    /// <summary>A token may be longer than browsers let a cookie be.</summary>
    private readonly ChunkingCookieManager _cookies = new();

    /// <summary>Opens a session, or prolongs it.</summary>
    public void Open(HttpContext http, string token)
    {
        var until = timeProvider.GetUtcNow() + options.Value.Session;
        var text = string.Create(CultureInfo.InvariantCulture, $"{until.ToUnixTimeSeconds()} {token}");
        _cookies.AppendResponseCookie(http, Cookie, _protector.Protect(text), Options(http, options.Value.Session));
    }

    /// <summary>The token of a request's session; null if it has none, or one that has ended. A session that is used is prolonged.</summary>
    public string? Find(HttpContext http)
    {
        if (_cookies.GetRequestCookie(http, Cookie) is not { Length: > 0 } cookie || Read(cookie) is not (var until, var token))
        {
            return null;
        }

        var left = until - timeProvider.GetUtcNow();
        if (left <= TimeSpan.Zero)
        {
            return null;
        }

        if (left < options.Value.Session / 2)
        {
            Open(http, token);
        }

        return token;
    }

    /// <summary>Ends a session.</summary>
    public void Close(HttpContext http) => _cookies.DeleteCookie(http, Cookie, Options(http, null));

    private static CookieOptions Options(HttpContext http, TimeSpan? age) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        Secure = http.Request.IsHttps,
        Path = ConsolePaths.RootOf(http.Request),
        MaxAge = age,
        IsEssential = true,
    };

    private (DateTimeOffset Until, string Token)? Read(string cookie)
    {
        try
        {
            var text = _protector.Unprotect(cookie);
            var space = text.IndexOf(' ', StringComparison.Ordinal);
            return (DateTimeOffset.FromUnixTimeSeconds(long.Parse(text.AsSpan(0, space), CultureInfo.InvariantCulture)), text[(space + 1)..]);
        }
        catch (CryptographicException)
        {
            // It is not ours, or its key has expired.
            return null;
        }
    }
}
