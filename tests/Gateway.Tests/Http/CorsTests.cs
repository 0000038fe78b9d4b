using System.Net;
using System.Net.Sockets;
using System.Text;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Http;

public abstract class CorsTests(TestServer server)
{
    private const string Page = "https://page.example";

    [Fact]
    public async Task An_origin_is_reflected_where_jobs_are_run()
    {
        using var response = await SendAsync(HttpMethod.Post, "/acme/task/x/job", Page);
        Assert.Equal(Page, response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Contains("Origin", response.Headers.Vary);
        Assert.Contains("Job-Id", response.Headers.GetValues("Access-Control-Expose-Headers").Single(), StringComparison.Ordinal);
        Assert.Equal("true", response.Headers.GetValues("Access-Control-Allow-Credentials").Single());
    }

    [Theory]
    [InlineData("/acme/task/x/job", "POST", true)]
    [InlineData("/nothing", "GET", true)]
    [InlineData("/acme/task/import", "POST", false)]
    [InlineData("/acme/task/import/", "POST", false)]
    [InlineData("/acme/Task/Import", "POST", false)]
    [InlineData("/acme/task/x", "DELETE", false)]
    [InlineData("/acme/task/x", "PUT", false)]
    [InlineData("/acme/job/x/cancel", "PUT", true)]
    public async Task Options_answers_204_and_reflects_unless_tasks_would_change(string path, string method, bool reflects)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.Add("Origin", Page);
        request.Headers.Add("Access-Control-Request-Method", method);
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(reflects, response.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Contains("Prefer", response.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "/acme/task/x/job", "HTTP/1.1 404 ")]
    [InlineData("DELETE", "/acme/task/x", "HTTP/1.1 403 ")]
    public async Task An_Origin_header_that_is_not_valid_is_not_reflected_and_the_request_is_answered(string method, string path, string status)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Http.BaseAddress!.Port);
        await socket.GetStream().WriteAsync(Encoding.UTF8.GetBytes(
            $"{method} {path}?access_token={TestServer.Admin} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: https://pagé.example\r\nContent-Length: 0\r\n\r\n"));
        using var reader = new StreamReader(socket.GetStream());
        var answer = await reader.ReadToEndAsync();
        Assert.StartsWith(status, answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Access-Control-Allow-Origin", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_web_page_may_not_change_tasks()
    {
        using var import = await SendAsync(HttpMethod.Post, "/acme/task/import", Page);
        using var slashed = await SendAsync(HttpMethod.Post, "/acme/task/import/", Page);
        using var update = await SendAsync(HttpMethod.Put, "/acme/task/x", Page);
        using var delete = await SendAsync(HttpMethod.Delete, "/acme/task/x", Page);
        Assert.All((HttpResponseMessage[])[import, slashed, update, delete], refused => Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode));
        Assert.False(import.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task The_servers_own_pages_may_change_tasks()
    {
        using var delete = await SendAsync(HttpMethod.Delete, "/acme/task/x", server.Http.BaseAddress!.GetLeftPart(UriPartial.Authority));
        Assert.Equal(DeletionOfNoTask, delete.StatusCode);
    }

    protected abstract HttpStatusCode DeletionOfNoTask { get; }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string origin)
    {
        var request = new HttpRequestMessage(method, $"{path}?access_token={TestServer.Admin}");
        request.Headers.Add("Origin", origin);
        return server.Http.SendAsync(request);
    }
}

[Collection(SharedServer.Name)]
public sealed class LocalCrossOriginTests(TestServer server) : CorsTests(server)
{
    protected override HttpStatusCode DeletionOfNoTask => HttpStatusCode.NotFound;
}

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeCrossOriginTests(TheEyeTestServer server) : CorsTests(server)
{
    // TheEye keeps its tasks itself.
    protected override HttpStatusCode DeletionOfNoTask => HttpStatusCode.NotImplemented;
}

public abstract class AllowListTests(TestServer server)
{
    [Theory]
    [InlineData("https://app.example", true)]
    [InlineData("https://other.example", false)]
    [InlineData(null, false)]
    public async Task An_allow_list_restricts_the_origins(string? origin, bool answered)
    {
        foreach (var (method, path) in ((HttpMethod, string)[])[(HttpMethod.Get, "/acme/task"), (HttpMethod.Delete, "/acme/task/x")])
        {
            using var request = new HttpRequestMessage(method, $"{path}?access_token={TestServer.Admin}");
            if (origin is not null)
            {
                request.Headers.Add("Origin", origin);
            }

            using var response = await server.Http.SendAsync(request);
            Assert.Equal(answered, response.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }
}

public sealed class LocalAllowListTests(LocalAllowListTests.Server server) : AllowListTests(server), IClassFixture<LocalAllowListTests.Server>
{
    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--Cors:AllowedOrigins:0=https://app.example"];
    }
}

public sealed class TheEyeAllowListTests(TheEyeAllowListTests.Server server) : AllowListTests(server), IClassFixture<TheEyeAllowListTests.Server>
{
    public sealed class Server : TheEyeTestServer
    {
        protected override string[] Settings => [.. base.Settings, "--Cors:AllowedOrigins:0=https://app.example"];
    }
}
