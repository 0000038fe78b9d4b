using System.Text.RegularExpressions;

namespace SyncCluster.Gateway.Tests.OpenApi;

/// <summary>The readable page.</summary>
public sealed partial class PageTests(DocumentedServer server) : IClassFixture<DocumentedServer>
{
    [Fact]
    public async Task The_page_refers_to_no_other_origin()
    {
        using var response = await server.Http.GetAsync(new Uri("/docs/", UriKind.Relative));
        var html = await response.Content.ReadAsStringAsync();
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.DoesNotMatch(Absolute(), html);
        Assert.Matches("\"telemetry\":false", html);
        Assert.Matches("\"withDefaultFonts\":false", html);
        foreach (var script in Source().Matches(html).Select(match => match.Groups[1].Value))
        {
            using var own = await server.Http.GetAsync(new Uri($"/docs/{script}", UriKind.Relative));
            Assert.True(own.IsSuccessStatusCode, script);
        }
    }

    [Fact]
    public async Task The_content_security_policy_allows_no_other_origin()
    {
        using var response = await server.Http.GetAsync(new Uri("/docs/", UriKind.Relative));
        var rules = response.Headers.GetValues("Content-Security-Policy").Single().Split(';', StringSplitOptions.TrimEntries);
        Assert.Contains("default-src 'self'", rules);
        Assert.Empty(rules.SelectMany(rule => rule.Split(' ').Skip(1)).Except(["'self'", "'none'", "'unsafe-inline'", "data:", "blob:"]));
        Assert.DoesNotContain(rules, rule => rule.StartsWith("connect-src", StringComparison.Ordinal));
    }

    [GeneratedRegex("(https?:)?//[a-z0-9]", RegexOptions.IgnoreCase)]
    private static partial Regex Absolute();

    [GeneratedRegex("src=\"([^\"]+)\"")]
    private static partial Regex Source();
}
