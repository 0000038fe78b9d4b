using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Auth;

/// <summary>What each credential may do. Where it may, what it asks for is not there (404), unusable (400), or answers.</summary>
public abstract class CredentialTests(TestServer server)
{
    protected const string Job = "0123456789abcdef01234567";

    private static readonly Regex Parameter = new(@"\{\w+\}");

    public static TheoryData<string> Credentials => [.. Enum.GetNames<Credential>().Select(name => name.ToLowerInvariant())];

    [Theory]
    [MemberData(nameof(Credentials))]
    public async Task A_credential_may_do_what_it_and_those_below_it_are_for(string credential)
    {
        var mine = Enum.Parse<Credential>(credential, ignoreCase: true);
        foreach (var (needed, method, path, body) in Requests($$"""{"access_token":"{{credential}}-token"}"""))
        {
            var token = body?.Contains("access_token", StringComparison.Ordinal) == true ? null : $"{credential}-token";
            using var response = await server.SendAsync(method, path, token, body);
            Assert.True(
                mine < needed
                    ? response.StatusCode == HttpStatusCode.Forbidden
                    : response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound or HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity,
                $"{method} {path} {body}: {response.StatusCode}");
        }
    }

    /// <summary>A new route that says that it needs a credential also asks for it, or this test fails.</summary>
    [Fact]
    public async Task Every_route_that_needs_a_credential_refuses_a_request_without_one()
    {
        var requests =
            from endpoint in server.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            where endpoint.Metadata.GetMetadata<RequiredCredential>() is not null
            from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
            select (Method: method, Path: Parameter.Replace(endpoint.RoutePattern.RawText!, named => named.Value is "{customer}" ? "acme" : Job));
        Assert.NotEmpty(requests);
        foreach (var (method, path) in requests)
        {
            using var response = await server.SendAsync(new HttpMethod(method), path, token: null, method == HttpMethods.Get ? null : "{}");
            Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{method} {path}: {response.StatusCode}");
        }
    }

    [Theory]
    [MemberData(nameof(Credentials))]
    public async Task Administrators_and_those_above_pass_every_access_list(string credential)
    {
        var mine = Enum.Parse<Credential>(credential, ignoreCase: true);
        var task = await server.ImportAsync("echo '[]'", task: new { acl = new[] { "nobody@acme.example" } });
        var token = $"{credential}-token";
        Assert.Equal(mine < Credential.Admin ? 403 : 200, (await server.CallAsync(task, token: token)).Status);
    }

    [Fact]
    public void Credentials_have_the_order_of_TheEye() =>
        Assert.Equal(["Viewer", "User", "Agent", "Manager", "Admin", "Integration", "Owner", "Root"], Enum.GetNames<Credential>());

    /// <summary>What is asked, and the least credential that may.</summary>
    /// <param name="bodyWithToken">A body with the token, instead of the header.</param>
    internal virtual IEnumerable<(Credential Needed, HttpMethod Method, string Path, string? Body)> Requests(string bodyWithToken) =>
    [
        (Credential.Viewer, HttpMethod.Get, $"/acme/job/{Job}", null),
        (Credential.Viewer, HttpMethod.Get, $"/acme/job/{Job}/result", null),
        (Credential.Viewer, HttpMethod.Put, $"/acme/job/{Job}/cancel", null),
        (Credential.User, HttpMethod.Get, $"/acme/job/{Job}/lifecycle", null),
        (Credential.User, HttpMethod.Post, "/acme/task/nope/job", null),
        (Credential.User, HttpMethod.Post, "/acme/task/nope/job", bodyWithToken),
    ];
}

[Collection(SharedServer.Name)]
public sealed class LocalCredentialTests(TestServer server) : CredentialTests(server)
{
    private readonly TestServer _server = server;

    // Of tasks, which TheEye keeps itself.
    [Theory]
    [MemberData(nameof(Credentials))]
    public async Task Administrators_and_those_above_are_shown_every_task(string credential)
    {
        var mine = Enum.Parse<Credential>(credential, ignoreCase: true);
        var task = await _server.ImportAsync("echo '[]'", task: new { acl = new[] { "nobody@acme.example" } });
        var token = $"{credential}-token";
        using var shown = await _server.SendAsync(HttpMethod.Get, $"/acme/task/{task["id"]}", token);
        using var listed = await _server.SendAsync(HttpMethod.Get, "/acme/task", token);
        Assert.Equal(mine < Credential.Admin ? HttpStatusCode.Forbidden : HttpStatusCode.OK, shown.StatusCode);
        Assert.Equal(
            mine >= Credential.Admin, (await listed.Content.ReadAsStringAsync()).Contains(task["id"]!.GetValue<string>(), StringComparison.Ordinal));
    }

    internal override IEnumerable<(Credential Needed, HttpMethod Method, string Path, string? Body)> Requests(string bodyWithToken) =>
    [
        .. base.Requests(bodyWithToken),
        (Credential.Viewer, HttpMethod.Get, "/acme/task/nope", null),
        (Credential.Viewer, HttpMethod.Get, "/acme/task", null),
        (Credential.Admin, HttpMethod.Get, "/acme/task/nope/recipe", null),
        (Credential.Admin, HttpMethod.Delete, "/acme/task/nope", null),
        (Credential.Admin, HttpMethod.Put, "/acme/task/nope/secret", null),
        (Credential.Admin, HttpMethod.Post, "/acme/task/import", "[]"),
        (Credential.Admin, HttpMethod.Post, "/acme/task/import", bodyWithToken),
    ];
}

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeCredentialTests(TheEyeTestServer server) : CredentialTests(server);
