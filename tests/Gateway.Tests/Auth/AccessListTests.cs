using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Auth;

public abstract class AccessListTests(TestServer server)
{
    protected const string Script = """echo '["ok"]'""";

    [Theory]
    [InlineData(null, 401)]
    [InlineData("nobodys", 401)]
    [InlineData(TestServer.Expired, 401)]
    [InlineData(TestServer.Viewer, 403)]
    [InlineData(TestServer.Stranger, 403)]
    [InlineData(TestServer.User, 200)]
    [InlineData(TestServer.Admin, 200)]
    public async Task Running_needs_a_users_token_of_the_customer(string? token, int status)
    {
        var task = await server.ImportAsync(Script);
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", token);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 401, response.Headers.WwwAuthenticate.ToString() == "Bearer");
    }

    [Fact]
    public async Task A_token_of_another_customer_is_refused_with_TheEyes_code()
    {
        using var response = await server.SendAsync(HttpMethod.Post, "/acme/task/x/job", TestServer.Stranger);
        Assert.Equal("EORACC", JsonNode.Parse(await response.Content.ReadAsStringAsync())!["code"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("?access_token=user-token", null, null)]
    [InlineData("", "Bearer user-token", null)]
    [InlineData("", "bearer user-token", null)]
    [InlineData("", null, """{"access_token":"user-token"}""")]
    [InlineData("", null, "access_token=user-token")]
    [InlineData("?access_token=user-token", null, """{"access_token":""}""")]
    [InlineData("", "Bearer user-token", "access_token=")]
    public async Task A_token_may_stand_in_the_query_the_header_or_the_body(string query, string? header, string? body)
    {
        var task = await server.ImportAsync(Script);
        Assert.Equal(HttpStatusCode.OK, await PostAsync($"/acme/task/{task["id"]}/job{query}", header, body));
    }

    [Theory]
    [InlineData("?access_token=user-token", "Bearer user-token", null)]
    [InlineData("?access_token=user-token&access_token=user-token", null, null)]
    [InlineData("?access_token=user-token", null, """{"access_token":"user-token"}""")]
    [InlineData("?access_token=user-token", null, "access_token=user-token")]
    [InlineData("", "Bearer user-token", """{"access_token":"user-token"}""")]
    [InlineData("", "Bearer user-token", "access_token=user-token")]
    [InlineData("", null, """{"access_token":"user-token","access_token":"user-token"}""")]
    [InlineData("", null, "access_token=user-token&access_token=user-token")]
    public async Task A_token_in_two_places_is_refused(string query, string? header, string? body)
    {
        var task = await server.ImportAsync(Script);
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync($"/acme/task/{task["id"]}/job{query}", header, body));
    }

    [Fact]
    public async Task A_token_in_the_body_never_reaches_the_script()
    {
        var task = await server.ImportAsync("""printf '%s\n' "$1" """, task: new { task_arguments = new[] { new { order = 0 } } });
        using var content = new StringContent("""{"access_token":"user-token","a":1}""", Encoding.UTF8, "application/json");
        using var response = await server.Http.PostAsync(new Uri($"/acme/task/{task["id"]}/job?full", UriKind.Relative), content);
        var body = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain("user-token", body, StringComparison.Ordinal);
        Assert.Contains("""{\"a\":1}""", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("otto@acme.example", TestServer.Ops, 200)]
    [InlineData("otto@acme.example", TestServer.User, 403)]
    [InlineData("team:ops", TestServer.Ops, 200)]
    [InlineData("team:dev", TestServer.Ops, 403)]
    [InlineData("team:dev", TestServer.Admin, 200)]
    [InlineData("user", TestServer.User, 200)]
    public async Task An_access_list_admits_the_users_it_names(string entry, string token, int status)
    {
        var task = await server.ImportAsync(Script, task: new { acl = new[] { entry } });
        Assert.Equal(status, (await server.CallAsync(task, token: token)).Status);
    }

    [Fact]
    public async Task Jobs_inherit_the_access_list()
    {
        var task = await server.ImportAsync(Script, task: new { acl = new[] { "team:ops" } });
        using var ran = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", TestServer.Ops);
        var job = ran.Headers.GetValues("Job-Id").Single();
        foreach (var path in (string[])["", "/lifecycle", "/result"])
        {
            using var refused = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}{path}");
            using var shown = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}{path}", TestServer.Ops);
            Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK), (refused.StatusCode, shown.StatusCode));
        }
    }

    [Fact]
    public async Task The_tasks_secret_runs_it_without_a_token_and_no_other_secret_does()
    {
        var task = await server.ImportAsync(Script);
        var other = await server.ImportAsync(Script);
        Assert.Equal(HttpStatusCode.OK, await PostAsync($"/acme/task/{task["id"]}/secret/{task["secret"]}/job", null, null));
        Assert.Equal(HttpStatusCode.OK, await PostAsync($"/job/secret/{task["secret"]}?customer=acme&task={task["id"]}", null, null));
        Assert.Equal(WrongSecret.Another, await PostAsync($"/acme/task/{task["id"]}/secret/{other["secret"]}/job", null, null));
        Assert.Equal(WrongSecret.AnotherCustomers, await PostAsync($"/job/secret/{task["secret"]}?customer=globex&task={task["id"]}", null, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync($"/job/secret/{task["secret"]}", null, null));
    }

    /// <summary>With another task's secret, and with the secret of a task of another customer.</summary>
    protected abstract (HttpStatusCode Another, HttpStatusCode AnotherCustomers) WrongSecret { get; }

    protected async Task<HttpStatusCode> PostAsync(string path, string? authorization, string? body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, body[0] == '{' ? "application/json" : "application/x-www-form-urlencoded");
            request.Headers.ExpectContinue = body.Length > 1 << 20;
        }

        using var response = await server.Http.SendAsync(request);
        return response.StatusCode;
    }
}

[Collection(SharedServer.Name)]
public sealed class LocalAccessTests(TestServer server) : AccessListTests(server)
{
    private readonly TestServer _server = server;

    protected override (HttpStatusCode Another, HttpStatusCode AnotherCustomers) WrongSecret => (HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized);

    // What follows is of tasks, which TheEye keeps itself.
    [Theory]
    [InlineData("", null, "\"access_token\":\"admin-token\",", HttpStatusCode.Created)]
    [InlineData("", "Bearer admin-token", "", HttpStatusCode.Created)]
    [InlineData("", null, "", HttpStatusCode.Unauthorized)]
    [InlineData("", null, "\"access_token\":\"nobodys\",", HttpStatusCode.Unauthorized)]
    [InlineData("", null, "\"access_token\":\"user-token\",", HttpStatusCode.Forbidden)]
    [InlineData("", null, "\"access_token\":\"stranger-token\",", HttpStatusCode.Forbidden)]
    [InlineData("", null, "\"access_token\":1,", HttpStatusCode.BadRequest)]
    [InlineData("", null, "\"access_token\":\"admin-token\",\"access_token\":\"admin-token\",", HttpStatusCode.BadRequest)]
    [InlineData("?access_token=admin-token", null, "\"access_token\":\"admin-token\",", HttpStatusCode.BadRequest)]
    [InlineData("", "Bearer admin-token", "\"access_token\":\"admin-token\",", HttpStatusCode.BadRequest)]
    public async Task The_token_of_an_import_may_stand_beside_the_task(string query, string? header, string member, HttpStatusCode status) =>
        Assert.Equal(status, await PostAsync($"/acme/task/import{query}", header, $$$"""{{{{member}}}"task":{"name":"d","type":"dummy"}}"""));

    [Fact]
    public async Task A_large_recipe_needs_its_token_outside_the_body()
    {
        var recipe = $$"""{"access_token":"admin-token","task":{"name":"d","type":"dummy"},"padding":"{{new string('x', 2 << 20)}}"}""";
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await PostAsync("/acme/task/import", null, recipe));
        Assert.Equal(
            HttpStatusCode.Created, await PostAsync("/acme/task/import", "Bearer admin-token", recipe.Replace("access_token", "token", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_token_of_an_import_is_not_kept()
    {
        using var content = new StringContent("""{"access_token":"admin-token","task":{"name":"d","type":"dummy"}}""", Encoding.UTF8, "application/json");
        using var imported = await _server.Http.PostAsync(new Uri("/acme/task/import", UriKind.Relative), content);
        using var exported = await _server.SendAsync(HttpMethod.Get, $"{imported.Headers.Location}/recipe", TestServer.Admin);
        Assert.DoesNotContain("admin-token", await imported.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("admin-token", await exported.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_is_shown_once()
    {
        var task = await _server.ImportAsync(Script);
        Assert.NotNull(task["secret"]);
        foreach (var path in (string[])["", "/recipe"])
        {
            using var shown = await _server.SendAsync(HttpMethod.Get, $"/acme/task/{task["id"]}{path}", TestServer.Admin);
            Assert.DoesNotContain("secret", await shown.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("POST", "/acme/task/import", "admin")]
    [InlineData("DELETE", "/acme/task/x", "admin")]
    [InlineData("GET", "/acme/task/x/recipe", "admin")]
    public async Task Changing_tasks_needs_an_administrator(string method, string path, string credential)
    {
        using var response = await _server.SendAsync(new HttpMethod(method), path, TestServer.Ops, method == "POST" ? "{}" : null);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains(credential, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeAccessTests(TheEyeTestServer server) : AccessListTests(server)
{
    private readonly TheEyeTestServer _server = server;

    // The supervisor's own words pass through.
    protected override (HttpStatusCode Another, HttpStatusCode AnotherCustomers) WrongSecret => (HttpStatusCode.Forbidden, HttpStatusCode.NotFound);

    [Theory]
    [InlineData("POST", "/acme/task/import")]
    [InlineData("GET", "/acme/task")]
    [InlineData("GET", "/acme/task/x")]
    [InlineData("PUT", "/acme/task/x")]
    [InlineData("POST", "/acme/task/import?update")]
    [InlineData("DELETE", "/acme/task/x")]
    [InlineData("GET", "/acme/task/x/recipe")]
    [InlineData("PUT", "/acme/task/x/secret")]
    public async Task Tasks_are_to_be_asked_for_at_TheEye(string method, string path)
    {
        using var response = await _server.SendAsync(new HttpMethod(method), path, TestServer.Admin, method == "POST" ? "{}" : null);
        Assert.Equal(HttpStatusCode.NotImplemented, response.StatusCode);
        Assert.Contains("import, update, list and delete them there", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
