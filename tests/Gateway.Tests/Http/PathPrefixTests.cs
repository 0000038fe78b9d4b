using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Http;

/// <summary>A proxy that serves this server below a path, and says so.</summary>
[Collection(SharedServer.Name)]
public sealed class PathPrefixTests(TestServer server)
{
    [Theory]
    [InlineData("/sync", "/sync")]
    [InlineData("/sync/", "/sync")]
    [InlineData("/a/sync-v1.2", "/a/sync-v1.2")]
    public async Task Every_address_that_the_server_gives_begins_with_the_prefix(string sent, string prefix)
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var id = $"{task["id"]}";

        using var goesOn = await AskAsync(HttpMethod.Post, $"/acme/task/{id}/job", sent, "[]", ("Prefer", "respond-async, wait=0"));
        Assert.Equal(HttpStatusCode.Accepted, goesOn.StatusCode);
        Assert.StartsWith($"{prefix}/acme/job/", Location(goesOn), StringComparison.Ordinal);

        using var ended = await AskAsync(HttpMethod.Post, $"/acme/task/{id}/secret/{task["secret"]}/job", sent, "[]", ("Prefer", "wait=0"));
        Assert.Equal(HttpStatusCode.GatewayTimeout, ended.StatusCode);
        Assert.StartsWith($"{prefix}/job/", Location(ended), StringComparison.Ordinal);

        using var polled = await AskAsync(HttpMethod.Post, $"/task/{id}/job?wait_result=true", sent, "[]");
        Assert.Equal(HttpStatusCode.SeeOther, polled.StatusCode);
        Assert.StartsWith($"{prefix}/job/", Location(polled), StringComparison.Ordinal);

        gate.Open();
        using var imported = await AskAsync(HttpMethod.Post, "/acme/task/import", sent, """{"task":{"name":"d","type":"dummy"}}""");
        Assert.StartsWith($"{prefix}/acme/task/", Location(imported), StringComparison.Ordinal);

        using var streamed = await AskAsync(HttpMethod.Post, $"/acme/task/{id}/job", sent, "[]", ("Accept", "text/event-stream"));
        var events = await streamed.Content.ReadAsStringAsync();
        var job = JsonNode.Parse(events.Split('\n').First(line => line.StartsWith("data: ", StringComparison.Ordinal))["data: ".Length..])!;
        Assert.StartsWith($"{prefix}/acme/job/", $"{job["location"]}", StringComparison.Ordinal);
        Assert.StartsWith($"{prefix}/acme/job/", $"{job["events"]}", StringComparison.Ordinal);

        using var document = await AskAsync(HttpMethod.Get, "/openapi/v1.json", sent);
        Assert.Equal(prefix, (string?)JsonNode.Parse(await document.Content.ReadAsStringAsync())!["servers"]![0]!["url"]);

        using var nothing = await AskAsync(HttpMethod.Get, "/nothing", sent);
        Assert.Contains($"{prefix}/docs says", await nothing.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_of_the_API_is_found_below_the_prefix()
    {
        // As a browser would resolve it.
        var asked = new Uri("https://host.example/sync/docs");
        using var moved = await AskAsync(HttpMethod.Get, "/docs", "/sync");
        Assert.True(new Uri(asked, Location(moved)).AbsolutePath == "/sync/docs/", Location(moved));
        using var page = await AskAsync(HttpMethod.Get, "/docs/", "/sync");
        var html = await page.Content.ReadAsStringAsync();
        Assert.DoesNotContain("\"/openapi", html, StringComparison.Ordinal);
        Assert.DoesNotContain("src=\"/", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sync")]
    [InlineData("/")]
    [InlineData("//evil.example")]
    [InlineData("/sync//x")]
    [InlineData("/../x")]
    [InlineData("/.")]
    [InlineData("/sync?x")]
    [InlineData("/sync#x")]
    [InlineData("/s%2fync")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example")]
    [InlineData("/sync, evil")]
    public async Task A_malformed_prefix_is_ignored(string prefix)
    {
        using var imported = await AskAsync(HttpMethod.Post, "/acme/task/import", prefix, """{"task":{"name":"d","type":"dummy"}}""");
        Assert.StartsWith("/acme/task/", Location(imported), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prefix_that_is_too_long_is_ignored()
    {
        using var imported = await AskAsync(HttpMethod.Post, "/acme/task/import", $"/{new string('x', 300)}", """{"task":{"name":"d","type":"dummy"}}""");
        Assert.StartsWith("/acme/task/", Location(imported), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_client_behind_a_proxy_that_sets_the_prefix_its_own_is_not_believed()
    {
        using var imported = await AskAsync(
            HttpMethod.Post, "/acme/task/import", "/evil, /sync", """{"task":{"name":"d","type":"dummy"}}""", ("X-Forwarded-For", "203.0.113.9"));
        Assert.StartsWith("/sync/acme/task/", Location(imported), StringComparison.Ordinal);
    }

    private static string Location(HttpResponseMessage response) => response.Headers.GetValues("Location").Single();

    private Task<HttpResponseMessage> AskAsync(
        HttpMethod method, string path, string prefix, string? json = null, params (string Name, string Value)[] headers) =>
        server.SendAsync(method, path, TestServer.Admin, json, headers: [.. headers, ("X-Forwarded-Prefix", prefix)]);
}

/// <summary>Clients that are no known proxy, and say where their requests come from all the same.</summary>
public sealed class UnknownPeerTests(UnknownPeerTests.Server server) : IClassFixture<UnknownPeerTests.Server>
{
    [Fact]
    public async Task The_prefix_of_an_unknown_peer_is_ignored()
    {
        using var imported = await server.SendAsync(
            HttpMethod.Post, "/acme/task/import", TestServer.Admin, """{"task":{"name":"d","type":"dummy"}}""", headers: [("X-Forwarded-Prefix", "/sync")]);
        Assert.StartsWith("/acme/task/", imported.Headers.GetValues("Location").Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DELETE", "")]
    [InlineData("PUT", "")]
    [InlineData("DELETE", "203.0.113.9")]
    [InlineData("DELETE", "10.0.0.7")]
    public async Task A_foreign_origin_may_not_change_tasks_by_claiming_to_be_the_servers_own(string method, string forwardedFor)
    {
        (string, string)[] headers =
        [
            ("Origin", "https://evil.example"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"),
            ("Forwarded", "host=evil.example;proto=https"), ("X-Original-Host", "evil.example"),
            .. forwardedFor.Length > 0 ? [("X-Forwarded-For", forwardedFor)] : ((string, string)[])[],
        ];
        using var response = await server.SendAsync(new HttpMethod(method), "/acme/task/nope", TestServer.Admin, headers: headers);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--Proxy:Known:0=10.0.0.7"];

        /// <summary>Has it not know this machine, which is all that tests can ask from.</summary>
        protected override void Prepare(WebApplication app)
        {
            var options = app.Services.GetRequiredService<IOptions<ForwardedHeadersOptions>>().Value;
            options.KnownIPNetworks.Clear();
            Assert.True(options.KnownProxies.Remove(IPAddress.IPv6Loopback));
        }
    }
}
