using System.Net;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>
/// Whom the server believes when it is told where a request came from. What hangs on it is its own origin, whose pages may delete tasks: a 404 is
/// a page that was let through, a 403 one that was not.
/// </summary>
public abstract class ProxyTests(TestServer server)
{
    private protected async Task<HttpStatusCode> DeleteAsync(string origin, string forwardedFor, string proto, string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/acme/task/nope?access_token={TestServer.Admin}");
        request.Headers.Add("Origin", origin);
        request.Headers.Add("X-Forwarded-For", forwardedFor);
        request.Headers.Add("X-Forwarded-Proto", proto);
        request.Headers.Add("X-Forwarded-Host", host);
        using var response = await server.Http.SendAsync(request);
        return response.StatusCode;
    }
}

[Collection(SharedServer.Name)]
public sealed class DefaultProxyTests(TestServer server) : ProxyTests(server)
{
    [Theory]
    [InlineData("https://sync.example", HttpStatusCode.NotFound)]
    [InlineData("http://sync.example", HttpStatusCode.Forbidden)]
    [InlineData("https://other.example", HttpStatusCode.Forbidden)]
    public async Task A_proxy_on_loopback_is_believed(string origin, HttpStatusCode status) =>
        Assert.Equal(status, await DeleteAsync(origin, "203.0.113.9", "https", "sync.example"));

    [Fact]
    public async Task A_proxy_that_is_not_known_is_not_believed() =>
        Assert.Equal(HttpStatusCode.Forbidden, await DeleteAsync("https://sync.example", "203.0.113.9, 10.0.0.7", "https, http", "sync.example, inner.example"));
}

public sealed class KnownProxyTests(KnownProxyTests.Server server) : ProxyTests(server), IClassFixture<KnownProxyTests.Server>
{
    [Theory]
    [InlineData("10.0.0.7", HttpStatusCode.NotFound)]
    [InlineData("192.168.7.1", HttpStatusCode.NotFound)]
    [InlineData("10.0.0.8", HttpStatusCode.Forbidden)]
    public async Task The_headers_of_a_known_proxy_before_the_one_on_loopback_count(string proxy, HttpStatusCode status) =>
        Assert.Equal(status, await DeleteAsync("https://sync.example", $"203.0.113.9, {proxy}", "https, http", "sync.example, inner.example"));

    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--Proxy:Known:0=10.0.0.7", "--Proxy:Known:1=192.168.0.0/16"];
    }
}
