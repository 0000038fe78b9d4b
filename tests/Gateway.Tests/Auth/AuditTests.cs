using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Logging;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Gateway.WebConsole;
using SyncCluster.Harness;
using SyncCluster.Hosting.Auditing;

namespace SyncCluster.Gateway.Tests.Auth;

/// <summary>The audit log of a gateway.</summary>
public abstract class AuditTests : IDisposable
{
    private const string Argument = "the-hidden-argument";
    private readonly CapturedLog _log;
    private readonly TestServer _server;

    protected AuditTests(TestServer server)
    {
        _server = server;
        _log = CapturedLog.Of(server.App);
    }

    public void Dispose() => GC.SuppressFinalize(this);

    [Fact]
    public async Task A_call_is_logged_with_who_made_it_from_where_and_with_what_outcome()
    {
        var task = await _server.ImportAsync("echo '[]'; exit 0", task: new { task_arguments = new[] { new { order = 0 } } });
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/acme/task/{task["id"]}/job?access_token={TestServer.User}&x=the-hidden-query");
        request.Headers.Add("X-Forwarded-For", "203.0.113.9");
        request.Content = new StringContent($"[\"{Argument}\"]", Encoding.UTF8, "application/json");
        using var response = await _server.Http.SendAsync(request);
        var logged = await EventAsync("run", $"{task["id"]}");
        AssertLogged(logged, 200, "token", "uma", "acme");
        Assert.Equal(response.Headers.GetValues("Job-Id").Single(), logged.Values["Job"]);
        Assert.Equal("203.0.113.9", logged.Values["Client"]);
        Assert.True((double)logged.Values["Seconds"]! >= 0);
        AssertNothingIsGivenAway(task);
    }

    [Fact]
    public async Task The_newer_dialect_is_logged_alike()
    {
        var task = await _server.ImportAsync("echo '[]'");
        using var response = await _server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/job?wait_result=true", TestServer.User, "[]");
        var logged = await EventAsync("run", $"{task["id"]}");
        AssertLogged(logged, 303, "token", "uma", "acme");
        Assert.Equal(response.Headers.GetValues("Job-Id").Single(), logged.Values["Job"]);
    }

    [Fact]
    public async Task A_task_that_the_body_names_is_logged_as_one_that_the_path_names()
    {
        var task = await _server.ImportAsync("echo '[]'");
        using var byToken = await _server.SendAsync(HttpMethod.Post, "/job", TestServer.User, $$"""{"task":"{{task["id"]}}"}""");
        AssertLogged(await EventAsync("run", $"{task["id"]}"), 200, "token", "uma", "acme");
        using var bySecret = await _server.SendAsync(
            HttpMethod.Post, $"/job/secret/{task["secret"]}", token: null, $$"""{"customer":"acme","task":"{{task["id"]}}"}""");
        await Eventually.TrueAsync(() => Events("run", $"{task["id"]}").Length == 2, "both are logged");
        Assert.All(Events("run", $"{task["id"]}"), logged => Assert.Equal("acme", logged.Values["Customer"]));
    }

    [Fact]
    public async Task A_call_by_a_secret_is_logged_as_that()
    {
        var task = await _server.ImportAsync("echo '[]'");
        using var byPath = await _server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/secret/{task["secret"]}/job", token: null, "[]");
        using var byQuery = await _server.SendAsync(HttpMethod.Post, $"/job/secret/{task["secret"]}?customer=acme&task={task["id"]}", token: null, "[]");
        await Eventually.TrueAsync(() => Events("run", $"{task["id"]}").Length == 2, "both are logged");
        Assert.All(Events("run", $"{task["id"]}"), logged => AssertLogged(logged, 200, "task-secret", "", ""));
        AssertNothingIsGivenAway(task);
    }

    [Theory]
    [InlineData("/acme/task/TASK/secret/some-secret/job", "[]", false)]
    [InlineData("/task/TASK/secret/some-secret/job?customer=acme", "[]", false)]
    [InlineData("/job/secret/some-secret?customer=acme&task=TASK", "[]", false)]
    [InlineData("/job/secret/some-secret", "{", false)]
    [InlineData("/acme/task/TASK/secret/some-secret/job", "[]", true)]
    public async Task A_call_that_has_not_shown_a_right_secret_is_logged_as_nobodys(string path, string body, bool isSlowedDown)
    {
        var task = await _server.ImportAsync("echo '[]'");
        var address = $"203.0.113.{path.Length + (isSlowedDown ? 100 : 0)}";
        var (calls, status) = (0, 0);

        // The tries that a client has come back with time.
        for (; calls == 0 || (isSlowedDown && status != 429 && calls < 1000); calls++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path.Replace("TASK", $"{task["id"]}", StringComparison.Ordinal));
            request.Headers.Add("X-Forwarded-For", address);
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            using var refused = await _server.Http.SendAsync(request);
            status = (int)refused.StatusCode;
            Assert.Contains(status, isSlowedDown && calls > 0 ? [401, 403, 429] : (int[])[400, 401, 403]);
        }

        Assert.Equal(isSlowedDown, status == 429);
        await Eventually.TrueAsync(() => Calls().Length == calls, "the calls are logged");
        Assert.All(Calls(), logged => Assert.Equal(("nothing", "", ""), (logged.Values["By"], logged.Values["Username"], logged.Values["UserCustomer"])));
        AssertNothingIsGivenAway(task);

        CapturedEvent[] Calls() => [.. Audit.Where(logged => (string)logged.Values["Client"]! == address)];
    }

    [Theory]
    [InlineData(null, 401, "nothing", "", "")]
    [InlineData("some-unknown-token", 401, "nothing", "", "")]
    [InlineData(TestServer.Viewer, 403, "token", "vera", "acme")]
    [InlineData(TestServer.Stranger, 403, "token", "gil", "globex")]
    public async Task A_call_that_is_refused_is_logged(string? token, int status, string by, string username, string customer)
    {
        var task = await _server.ImportAsync("echo '[]'");
        using var refused = await _server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", token, $"[\"{Argument}\"]");
        var logged = await EventAsync("run", $"{task["id"]}");
        AssertLogged(logged, status, by, username, customer);
        Assert.Equal("", logged.Values["Job"]);
        AssertNothingIsGivenAway(task);
    }

    [Fact]
    public async Task Who_reads_a_job_is_not_logged_and_who_may_not_is()
    {
        var task = await _server.ImportAsync("echo '[]'");
        using var ran = await _server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", TestServer.User, "[]");
        var job = ran.Headers.GetValues("Job-Id").Single();
        foreach (var path in (string[])["", "/result", "/lifecycle"])
        {
            using var read = await _server.SendAsync(HttpMethod.Get, $"/acme/job/{job}{path}", TestServer.User);
            using var refused = await _server.SendAsync(HttpMethod.Get, $"/acme/job/{job}{path}", "some-unknown-token");
            Assert.Equal((200, 401), ((int)read.StatusCode, (int)refused.StatusCode));
        }

        using var wrong = await _server.SendAsync(HttpMethod.Get, $"/job/{job}/secret/acme.some-secret/result", token: null);
        await Eventually.TrueAsync(() => Reads().Length == 4, "the refusals are logged");
        Assert.Equal([(401, "nothing"), (401, "nothing"), (401, "nothing"), (404, "job-secret")], Reads().Select(logged => ((int)logged.Values["Status"]!, (string)logged.Values["By"]!)).Order());

        CapturedEvent[] Reads() => [.. Audit.Where(logged => (string)logged.Values["Action"]! == "read" && (string)logged.Values["Job"]! == job)];
    }

    [Fact]
    public async Task A_canceled_job_is_logged_with_who_canceled_it_and_its_caller_with_what_came_of_it()
    {
        var gate = new AttachTests.Gate(_server);
        var task = await _server.ImportAsync(gate.Script);
        var waiting = _server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", TestServer.User, "[]");
        using var attached = await _server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", TestServer.Ops, "[]", headers: ("Prefer", "respond-async"));
        var job = attached.Headers.GetValues("Job-Id").Single();
        using var canceled = await _server.SendAsync(HttpMethod.Put, $"/acme/job/{job}/cancel", TestServer.Admin);
        Assert.Equal(HttpStatusCode.NoContent, canceled.StatusCode);
        gate.Open();
        using var answered = await waiting;
        await Eventually.TrueAsync(() => Audit.Any(logged => (string)logged.Values["Action"]! == "cancel"), "the cancellation is logged");
        var logged = Audit.Single(logged => (string)logged.Values["Action"]! == "cancel");
        AssertLogged(logged, 204, "token", "ada", "acme");
        Assert.Equal(job, logged.Values["Job"]);
    }

    [Fact]
    public async Task A_client_that_disconnects_is_logged_when_it_has_gone()
    {
        var gate = new AttachTests.Gate(_server);
        var task = await _server.ImportAsync(gate.Script);
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(IPAddress.Loopback, _server.Http.BaseAddress!.Port);
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /acme/task/{task["id"]}/job?access_token={TestServer.User} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"));
            await Eventually.TrueAsync(() => gate.Runs == 1, "the script runs");
            Assert.Empty(Events("run", $"{task["id"]}"));
        }

        AssertLogged(await EventAsync("run", $"{task["id"]}"), 499, "token", "uma", "acme");
        gate.Open();
    }

    [Theory]
    [InlineData("/acme/task/a%0Ab/job")]
    [InlineData("/ac%0Ame/task/x/job")]
    [InlineData("/acme%22%20by%20root/task/x/job")]
    public async Task What_a_path_names_can_not_forge_a_line(string path)
    {
        const string Address = "198.51.100.7";
        using var refused = await _server.SendAsync(HttpMethod.Post, path, TestServer.Viewer, "[]", headers: ("X-Forwarded-For", Address));
        await Eventually.TrueAsync(() => Audit.Any(logged => (string)logged.Values["Client"]! == Address), "it is logged");
        Assert.All(Audit, logged => Assert.DoesNotMatch(@"\p{Cc}|"" by root", logged.Text));
    }

    /// <summary>A new route is in the audit log, or this test fails.</summary>
    [Fact]
    public void Every_route_that_needs_a_token_or_a_secret_is_audited() => Assert.Empty(
        from endpoint in _server.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        where endpoint.Metadata.GetMetadata<RequiredCredential>() is not null || endpoint.Metadata.GetMetadata<ConsoleRoute>() is not null
            || endpoint.RoutePattern.Parameters.Any(parameter => parameter.Name.Contains("secret", StringComparison.OrdinalIgnoreCase))
        where endpoint.Metadata.GetMetadata<AuditedAction>() is null
        select endpoint.RoutePattern.RawText);

    protected TestServer Server => _server;

    private protected CapturedEvent[] Audit => [.. _log.Events.Where(logged => logged.Category == AuditLog.Category)];

    private protected CapturedEvent[] Events(string action, string task) =>
        [.. Audit.Where(logged => (string)logged.Values["Action"]! == action && (string)logged.Values["Task"]! == task)];

    private protected async Task<CapturedEvent> EventAsync(string action, string task)
    {
        await Eventually.TrueAsync(() => Events(action, task).Length > 0, $"{action} is logged");
        return Events(action, task).Single();
    }

    private protected static void AssertLogged(CapturedEvent logged, int status, string by, string username, string userCustomer)
    {
        Assert.Equal(
            (status, by, username, userCustomer, "acme"),
            ((int)logged.Values["Status"]!, logged.Values["By"], logged.Values["Username"], logged.Values["UserCustomer"], logged.Values["Customer"]));
        Assert.Equal(LogLevel.Information, logged.Level);
    }

    /// <summary>No argument, token, secret, query or e-mail.</summary>
    private void AssertNothingIsGivenAway(JsonNode task)
    {
        foreach (var text in Audit.SelectMany(logged => logged.Values.Values.Select(value => $"{value}").Append(logged.Text)))
        {
            Assert.DoesNotContain("hidden", text, StringComparison.Ordinal);
            Assert.DoesNotContain("some-unknown", text, StringComparison.Ordinal);
            Assert.DoesNotContain("-token\"", text, StringComparison.Ordinal);
            Assert.DoesNotContain("@", text, StringComparison.Ordinal);
            Assert.DoesNotContain($"{task["secret"]}", text, StringComparison.Ordinal);
        }
    }
}

public sealed class LocalAuditTests(LocalAuditTests.AuditedServer server) : AuditTests(server), IClassFixture<LocalAuditTests.AuditedServer>
{
    [Fact]
    public async Task Import_update_export_and_deletion_of_a_task_are_logged_and_its_listing_is_not()
    {
        var task = await Server.ImportAsync("echo the-hidden-script");
        AssertLogged(await EventAsync("import", $"{task["id"]}"), 201, "token", "ada", "acme");
        foreach (var path in (string[])["/acme/task", $"/acme/task/{task["id"]}"])
        {
            using var read = await Server.SendAsync(HttpMethod.Get, path, TestServer.Viewer);
        }

        const string Recipe = """{"task":{"name":"of the audit","type":"dummy"}}""";
        using var updated = await Server.SendAsync(HttpMethod.Put, $"/acme/task/{task["id"]}", TestServer.Admin, Recipe);
        AssertLogged(await EventAsync("update", $"{task["id"]}"), 200, "token", "ada", "acme");
        using var notUpdated = await Server.SendAsync(HttpMethod.Put, $"/acme/task/{task["id"]}", TestServer.User, Recipe);
        await Eventually.TrueAsync(() => Events("update", $"{task["id"]}").Length == 2, "the refusal is logged");
        AssertLogged(Events("update", $"{task["id"]}")[1], 403, "token", "uma", "acme");
        using var again = await Server.SendAsync(HttpMethod.Post, "/acme/task/import?update", TestServer.Admin, Recipe);
        await Eventually.TrueAsync(() => Events("import", $"{task["id"]}").Length == 2, "the update by name is logged");
        AssertLogged(Events("import", $"{task["id"]}")[1], 200, "token", "ada", "acme");
        using var exported = await Server.SendAsync(HttpMethod.Get, $"/acme/task/{task["id"]}/recipe", TestServer.Admin);
        AssertLogged(await EventAsync("export", $"{task["id"]}"), 200, "token", "ada", "acme");
        using var refused = await Server.SendAsync(HttpMethod.Get, $"/acme/task/{task["id"]}/recipe", TestServer.User);
        await Eventually.TrueAsync(() => Events("export", $"{task["id"]}").Length == 2, "the refusal is logged");
        AssertLogged(Events("export", $"{task["id"]}")[1], 403, "token", "uma", "acme");
        using var renewed = await Server.SendAsync(HttpMethod.Put, $"/acme/task/{task["id"]}/secret", TestServer.Admin);
        AssertLogged(await EventAsync("renew-secret", $"{task["id"]}"), 200, "token", "ada", "acme");
        using var deleted = await Server.SendAsync(HttpMethod.Delete, $"/acme/task/{task["id"]}", TestServer.Admin);
        AssertLogged(await EventAsync("delete", $"{task["id"]}"), 204, "token", "ada", "acme");
        Assert.DoesNotContain(Audit, logged => (string)logged.Values["Action"]! == "read");
        Assert.DoesNotContain(Audit, logged => logged.Text.Contains("hidden", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_users_name_can_not_forge_a_line()
    {
        using var read = new HttpRequestMessage(HttpMethod.Post, "/acme/task/x/job");
        read.Headers.Authorization = new AuthenticationHeaderValue("Bearer", AuditedServer.ForgersToken);
        using var response = await Server.Http.SendAsync(read);
        var logged = await EventAsync("run", "x");
        Assert.DoesNotMatch(@"\p{Cc}", logged.Text);
        Assert.Contains("""
            by token "eve\u0022\nrun: status 200, by token \u0022ada" of "acme"
            """, logged.Text, StringComparison.Ordinal);
    }

    public sealed class AuditedServer : TestServer
    {
        public const string ForgersToken = "forgers-token";

        protected override string[] Settings =>
        [
            "--Logging:LogLevel:SyncCluster.Audit=Information",
            "--Auth:Customers:acme:Users:99:Username=eve\"\nrun: status 200, by token \"ada",
            $"--Auth:Customers:acme:Users:99:TokenSha256={ReloadedTokenTests.Server.HashOf(ForgersToken)}",
            "--Auth:Customers:acme:Users:99:Credential=user",
        ];
    }
}

public sealed class TheEyeAuditTests(TheEyeAuditTests.AuditedServer server) : AuditTests(server), IClassFixture<TheEyeAuditTests.AuditedServer>
{
    public sealed class AuditedServer : TheEyeTestServer
    {
        protected override string[] Settings => [.. base.Settings, "--Logging:LogLevel:SyncCluster.Audit=Information"];
    }
}
