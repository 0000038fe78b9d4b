using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Gateway.WebConsole;

namespace SyncCluster.Gateway.Tests.WebConsole;

/// <summary>How long a browser stays signed in.</summary>
public sealed class ConsoleSessionsTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly ConsoleSessions _sessions;

    public ConsoleSessionsTests() =>
        _sessions = new(new EphemeralDataProtectionProvider(), Options.Create(new ConsoleOptions { Session = TimeSpan.FromHours(2) }), _time);

    [Fact]
    public void A_session_that_is_used_is_prolonged_and_one_that_is_not_ends()
    {
        var cookies = CookiesOf(http => _sessions.Open(http, "secret"));
        Assert.Equal(("secret", false), Use(cookies));
        _time.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal(("secret", true), Use(cookies));
        _time.Advance(TimeSpan.FromMinutes(60));
        Assert.Equal((null, false), Use(cookies));
    }

    [Fact]
    public void A_token_may_be_longer_than_a_cookie()
    {
        var token = new string('x', 4096);
        var cookies = CookiesOf(http => _sessions.Open(http, token));
        Assert.All(cookies.Split("; "), cookie => Assert.InRange(cookie.Length, 1, 4096));
        Assert.Equal(token, Use(cookies).Token);
    }

    [Fact]
    public void Its_cookie_counts_for_the_console_alone_wherever_a_proxy_serves_it()
    {
        var http = new DefaultHttpContext();
        http.Request.PathBase = "/sync";
        http.Request.Scheme = "https";
        _sessions.Open(http, "secret");
        Assert.EndsWith("; path=/sync/console; secure; samesite=lax; httponly", http.Response.Headers.SetCookie.ToString(), StringComparison.Ordinal);
    }

    /// <summary>What a browser sends that has got the cookies.</summary>
    private static string CookiesOf(Action<HttpContext> answer)
    {
        var http = new DefaultHttpContext();
        answer(http);
        return string.Join("; ", http.Response.Headers.SetCookie.Select(cookie => cookie!.Split(';')[0]));
    }

    private (string? Token, bool IsProlonged) Use(string cookies)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Cookie = cookies;
        return (_sessions.Find(http), http.Response.Headers.SetCookie.Count > 0);
    }
}
