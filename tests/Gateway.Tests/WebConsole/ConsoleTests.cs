using System.Net;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Gateway.WebConsole;
using SyncCluster.Harness;
using SyncCluster.Hosting;
using SyncCluster.WebConsole;

namespace SyncCluster.Gateway.Tests.WebConsole;

/// <summary>The console over HTTP, with users of every kind.</summary>
public sealed class ConsoleTests(ConsoleTests.Server server) : IClassFixture<ConsoleTests.Server>, IDisposable
{
    private const string OperatorToken = "operator-token";
    private const int Failures = 2;
    private const string Markup = "<script>alert(1)</script>";
    private const string Escaped = "&lt;script&gt;alert(1)&lt;/script&gt;";

    private readonly Browser _browser = new(server.Http.BaseAddress!);

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task A_browser_is_shown_the_way_from_the_root_and_a_program_is_not()
    {
        var page = await _browser.OpenAsync("/");
        Assert.Equal((HttpStatusCode.Found, "/console/"), (page.Status, page.Location));
        using var json = await server.SendAsync(HttpMethod.Get, "/", headers: ("Accept", "application/json"));
        Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (json.StatusCode, json.Content.Headers.ContentType!.MediaType));
    }

    [Fact]
    public async Task Every_page_loads_only_what_it_names_itself()
    {
        await _browser.SignInAsync(TestServer.User);
        var task = await server.ImportAsync("echo '[]'");
        foreach (var path in (string[])["sign-in", "tasks", $"tasks/{task["id"]}", $"jobs/{await RunAsync(task["id"]!.ToString())}", "tasks/nope", "nope"])
        {
            var page = await _browser.OpenAsync($"/console/{path}");
            var policy = page.Headers["Content-Security-Policy"];
            var nonce = policy.Split("'nonce-")[1].Split('\'')[0];
            Assert.Equal(
                $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'",
                policy);
            Assert.Contains($"nonce=\"{nonce}\"", page.Html, StringComparison.Ordinal);
            Assert.DoesNotContain(" style=", page.Html, StringComparison.Ordinal);
            Assert.Equal(("DENY", "nosniff", "no-store"), (page.Headers["X-Frame-Options"], page.Headers["X-Content-Type-Options"], page.Headers["Cache-Control"]));
            Assert.DoesNotContain(page.Headers.Keys, name => name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
            Assert.NotEqual(nonce, (await _browser.OpenAsync($"/console/{path}")).Headers["Content-Security-Policy"].Split("'nonce-")[1].Split('\'')[0]);
        }
    }

    [Fact]
    public async Task A_page_asks_for_a_token_first_and_then_leads_back()
    {
        var refused = await _browser.OpenAsync("/console/tasks/abc?from=x");
        Assert.Equal((HttpStatusCode.Found, "/console/sign-in?return=tasks%2Fabc%3Ffrom%3Dx"), (refused.Status, refused.Location));
        Assert.Contains("value=\"tasks/abc?from=x\"", (await _browser.OpenAsync(refused.Location!)).Html, StringComparison.Ordinal);
        var signedIn = await _browser.SignInAsync(TestServer.User, "tasks/abc?from=x");
        Assert.Equal((HttpStatusCode.SeeOther, "/console/tasks/abc?from=x"), (signedIn.Status, signedIn.Location));
        Assert.All(["; path=/console", "; samesite=lax", "; httponly"], part => Assert.Contains(part, signedIn.Headers["Set-Cookie"], StringComparison.Ordinal));
        Assert.DoesNotContain(TestServer.User, signedIn.Headers["Set-Cookie"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("//evil.example/")]
    [InlineData("https://evil.example/")]
    [InlineData("\\\\evil.example")]
    [InlineData("a\r\nSet-Cookie: x=y")]
    [InlineData("é")]
    public async Task It_leads_back_to_nothing_but_the_console(string path)
    {
        var signedIn = await _browser.SignInAsync(TestServer.User, path);
        Assert.StartsWith("/console/", signedIn.Location, StringComparison.Ordinal);
        Assert.DoesNotContain("x=y", signedIn.Headers["Set-Cookie"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_is_in_no_page()
    {
        await _browser.SignInAsync(TestServer.User);
        var task = (await server.ImportAsync("echo '[]'"))["id"]!.ToString();
        foreach (var path in (string[])["tasks", $"tasks/{task}", $"jobs/{await RunAsync(task)}", "sign-in"])
        {
            Assert.DoesNotContain(TestServer.User, (await _browser.OpenAsync($"/console/{path}")).Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Wrong_tokens_are_refused_and_limited_as_those_of_calls()
    {
        using var browser = new Browser(server.Http.BaseAddress!) { Proxied = [("X-Forwarded-For", "203.0.113.7")] };
        var wrong = await browser.SignInAsync("no-such-token");
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.Status);
        Assert.Contains("role=\"alert\"", wrong.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("no-such-token", wrong.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.SignInAsync(TestServer.Expired)).Status);
        var limited = await browser.SignInAsync("no-such-token");
        Assert.Equal(HttpStatusCode.TooManyRequests, limited.Status);
        Assert.True(limited.Headers.ContainsKey("Retry-After"));
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.SignInAsync(TestServer.User)).Status);
    }

    [Fact]
    public async Task The_API_takes_no_cookie_of_the_console()
    {
        var cookie = (await _browser.SignInAsync(TestServer.User)).Headers["Set-Cookie"].Split(';')[0];
        Assert.StartsWith(ConsoleSessions.Cookie, cookie, StringComparison.Ordinal);
        foreach (var (method, path) in ((HttpMethod, string)[])[(HttpMethod.Get, "/acme/task"), (HttpMethod.Post, "/acme/task/x/job"), (HttpMethod.Get, "/acme/job/0123456789abcdef01234567/events")])
        {
            using var response = await server.SendAsync(method, path, token: null, headers: ("Cookie", cookie));
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }
    }

    [Fact]
    public async Task The_console_takes_no_token_of_the_API()
    {
        foreach (var path in (string[])["/console/tasks", $"/console/tasks?access_token={TestServer.User}"])
        {
            using var response = await server.SendAsync(HttpMethod.Get, path, TestServer.User);
            Assert.Equal((HttpStatusCode.Found, "/console/sign-in?return=tasks"), (response.StatusCode, response.Headers.Location!.OriginalString));
        }
    }

    [Fact]
    public async Task What_no_page_has_sent_changes_nothing()
    {
        await _browser.SignInAsync(TestServer.User);
        var task = (await server.ImportAsync("echo '[]'"))["id"]!.ToString();
        await _browser.OpenAsync("/console/tasks");
        foreach (var path in (string[])[$"tasks/{task}/job", "jobs/0123456789abcdef01234567/cancel", "jobs/0123456789abcdef01234567/again"])
        {
            var refused = await _browser.PostAsync($"/console/api/{path}", "[]", hasProof: false);
            Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
            Assert.False(refused.Headers.ContainsKey("Job-Id"));
        }

        using var other = new Browser(server.Http.BaseAddress!);
        var signIn = await other.SubmitAsync("/console/sign-in", ("token", TestServer.User));
        Assert.Equal(HttpStatusCode.BadRequest, signIn.Status);
    }

    [Fact]
    public async Task A_page_of_another_user_proves_nothing()
    {
        var task = (await server.ImportAsync("echo '[]'"))["id"]!.ToString();
        await _browser.SignInAsync(TestServer.User);
        await _browser.OpenAsync("/console/tasks");
        var old = _browser.FormToken;
        await _browser.SignInAsync(TestServer.Admin);
        _browser.FormToken = old;
        Assert.Equal(HttpStatusCode.BadRequest, (await _browser.PostAsync($"/console/api/tasks/{task}/job", "[]")).Status);
        await _browser.OpenAsync("/console/tasks");
        Assert.Equal(HttpStatusCode.Accepted, (await _browser.PostAsync($"/console/api/tasks/{task}/job", "[]")).Status);
    }

    [Fact]
    public async Task A_viewer_sees_a_task_and_may_not_run_it()
    {
        var task = (await server.ImportAsync("echo '[]'"))["id"]!.ToString();
        await _browser.SignInAsync(TestServer.Viewer);
        var page = await _browser.OpenAsync($"/console/tasks/{task}");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("<button id=\"run-button\" class=\"scripted\" disabled>", page.Html, StringComparison.Ordinal);
        var refused = await _browser.PostAsync($"/console/api/tasks/{task}/job", "[]");
        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
    }

    [Fact]
    public async Task A_job_runs_as_one_of_the_API_and_has_its_page()
    {
        var task = (await server.ImportAsync("echo \"$1\"; printf '[\"%s\"]\\n' \"$1\"", task: new
        {
            task_arguments = new[] { new { order = 0, type = "input", label = "greeting" } },
        }))["id"]!.ToString();
        await _browser.SignInAsync(TestServer.User);
        await _browser.OpenAsync("/console/tasks");
        var run = await _browser.PostAsync($"/console/api/tasks/{task}/job", "[\"hi\"]");
        Assert.Equal(HttpStatusCode.Accepted, run.Status);
        using var answer = await server.SendAsync(HttpMethod.Get, $"/acme/job/{run.Job}/result");
        Assert.Equal("[\"hi\"]", await answer.Content.ReadAsStringAsync());

        var page = await _browser.OpenAsync($"/console/jobs/{run.Job}");
        Assert.All(["greeting", ">hi<", "200 OK", "success", "by uma", "exit code 0"], shown => Assert.Contains(shown, page.Html, StringComparison.Ordinal));
        Assert.Contains("value=\"hi\"", (await _browser.OpenAsync($"/console/tasks/{task}?from={run.Job}")).Html, StringComparison.Ordinal);

        var again = await _browser.PostAsync($"/console/api/jobs/{run.Job}/again");
        Assert.NotEqual(run.Job, again.Job);
        using var repeated = await server.SendAsync(HttpMethod.Get, $"/acme/job/{again.Job}/result");
        Assert.Equal("[\"hi\"]", await repeated.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("json", "{\"a\":[1.50,\"x\"]}")]
    [InlineData("text", "\"it's\"")]
    [InlineData("legacy", "[\"a\",\"b\"]")]
    [InlineData("legacy", "false")]
    [InlineData("json", "null")]
    public async Task A_job_that_is_run_again_gets_the_same_arguments(string type, string value)
    {
        var task = (await server.ImportAsync("echo \"$1\" | base64; echo '[]'", task: new
        {
            arguments_type = type,
            task_arguments = new[] { new { order = 0, type = "input", label = "x" } },
        }))["id"]!.ToString();
        await _browser.SignInAsync(TestServer.User);
        await _browser.OpenAsync("/console/tasks");
        var first = await _browser.PostAsync($"/console/api/tasks/{task}/job", $"[{value}]");
        var again = await _browser.PostAsync($"/console/api/jobs/{first.Job}/again");
        Assert.Equal(await LogAsync(first.Job), await LogAsync(again.Job));
    }

    [Fact]
    public async Task What_a_task_says_is_text_and_never_markup()
    {
        var task = (await server.ImportAsync($"echo '{Markup}'; echo '[\"{Markup}\"]'", task: new
        {
            name = $"name {Markup}",
            description = $"description {Markup}",
            task_arguments = new[] { new { order = 0, type = "select", label = $"label {Markup}", help = $"help {Markup}", options = new[] { Markup }, value = Markup } },
        }))["id"]!.ToString();
        await _browser.SignInAsync(TestServer.User);
        await _browser.OpenAsync("/console/tasks");
        var run = await _browser.PostAsync($"/console/api/tasks/{task}/job", $"[\"{Markup}\"]");
        await LogAsync(run.Job);
        foreach (var path in (string[])["tasks", $"tasks/{task}", $"tasks?q={Uri.EscapeDataString(Markup)}", $"jobs/{run.Job}", $"jobs/{run.Job}?show=full", $"jobs/{run.Job}?show=result"])
        {
            var page = await _browser.OpenAsync($"/console/{path}");
            Assert.DoesNotContain("<script>", page.Html, StringComparison.Ordinal);
            Assert.Contains(Escaped, page.Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Access_lists_count_as_for_calls()
    {
        var task = (await server.ImportAsync("echo '[]'", task: new { name = "for operations only", acl = new[] { "team:ops" } }))["id"]!.ToString();
        using var ops = new Browser(server.Http.BaseAddress!);
        await ops.SignInAsync(TestServer.Ops);
        await ops.OpenAsync("/console/tasks");
        var job = (await ops.PostAsync($"/console/api/tasks/{task}/job", "[]")).Job;
        Assert.Equal(HttpStatusCode.OK, (await ops.OpenAsync($"/console/jobs/{job}")).Status);

        await _browser.SignInAsync(TestServer.User);
        Assert.DoesNotContain("for operations only", (await _browser.OpenAsync("/console/tasks")).Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await _browser.OpenAsync($"/console/tasks/{task}")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await _browser.OpenAsync($"/console/jobs/{job}")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await _browser.PostAsync($"/console/api/jobs/{job}/again")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await _browser.PostAsync($"/console/api/tasks/{task}/job", "[]")).Status);

        using var stranger = new Browser(server.Http.BaseAddress!);
        await stranger.SignInAsync(TestServer.Stranger);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.OpenAsync($"/console/jobs/{job}")).Status);
    }

    [Fact]
    public async Task A_job_is_followed_and_canceled()
    {
        var gate = new AttachTests.Gate(server);
        var task = (await server.ImportAsync($"echo begun; {gate.Script}"))["id"]!.ToString();
        await _browser.SignInAsync(TestServer.User);
        await _browser.OpenAsync("/console/tasks");
        var run = await _browser.PostAsync($"/console/api/tasks/{task}/job", "[]");
        await Eventually.TrueAsync(
            async () => (await _browser.OpenAsync($"/console/jobs/{run.Job}")).Html.Contains("Running", StringComparison.Ordinal), "the page says that it runs");
        await Eventually.TrueAsync(() => gate.Runs == 1, "it has printed");
        var canceled = await _browser.PostAsync($"/console/api/jobs/{run.Job}/cancel");
        Assert.Equal(HttpStatusCode.NoContent, canceled.Status);
        var events = await _browser.OpenAsync($"/console/api/jobs/{run.Job}/events");
        Assert.StartsWith("text/event-stream", events.Headers["Content-Type"], StringComparison.Ordinal);
        Assert.Contains("data: begun\n", events.Html, StringComparison.Ordinal);
        Assert.Contains("canceled", (await _browser.OpenAsync($"/console/jobs/{run.Job}")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Jobs_are_found_by_task_state_caller_and_day()
    {
        var (good, bad) = ((await server.ImportAsync("echo '[]'", task: new { name = "listed good" }))["id"]!.ToString(), (await server.ImportAsync(
            "echo '{\"state\":\"failure\"}'", task: new { name = "listed bad", acl = new[] { "uma@acme.example" } }))["id"]!.ToString());
        await _browser.SignInAsync(TestServer.User);
        var (succeeded, failed) = (await RunAsync(good), await RunAsync(bad));
        await LogAsync(succeeded);
        await LogAsync(failed);
        await AssertListedAsync($"task={good}", succeeded);
        await AssertListedAsync($"task={bad}&state=failed&user=uma", failed);
        await AssertListedAsync($"task={bad}&state=success");
        await AssertListedAsync($"task={good}&state=unfinished");
        await AssertListedAsync($"task={good}&user=vera");
        await AssertListedAsync($"task={good}&day=2001-01-01");
        Assert.Contains($"href=\"jobs/{failed}\"", (await _browser.OpenAsync($"/console/tasks/{bad}")).Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await _browser.OpenAsync("/console/jobs?state=nope")).Status);

        await _browser.SignInAsync(TestServer.Viewer);
        await AssertListedAsync($"task={bad}");
        await AssertListedAsync($"task={good}", succeeded);

        async Task AssertListedAsync(string query, params string[] jobs)
        {
            var page = await _browser.OpenAsync($"/console/jobs?{query}");
            Assert.Equal(HttpStatusCode.OK, page.Status);
            Assert.Equal(jobs, from link in page.Html.Split("href=\"jobs/").Skip(1) select link[..24]);
        }
    }

    [Fact]
    public async Task A_session_ends_with_its_token_and_when_its_user_signs_out()
    {
        using var none = new Browser(server.Http.BaseAddress!);
        Assert.Equal(HttpStatusCode.Unauthorized, (await none.OpenAsync("/console/api/jobs/0123456789abcdef01234567/events")).Status);

        var http = new Microsoft.AspNetCore.Http.DefaultHttpContext();
        server.App.Services.GetRequiredService<ConsoleSessions>().Open(http, TestServer.Expired);
        var cookie = http.Response.Headers.SetCookie.ToString().Split(';')[0];
        Assert.Equal(HttpStatusCode.Found, (await none.OpenAsync("/console/tasks", ("Cookie", cookie))).Status);
        Assert.Equal(HttpStatusCode.Found, (await none.OpenAsync("/console/tasks", ("Cookie", $"{ConsoleSessions.Cookie}=guessed"))).Status);

        await _browser.SignInAsync(TestServer.User);
        Assert.Equal(HttpStatusCode.OK, (await _browser.OpenAsync("/console/tasks")).Status);
        Assert.Equal("/console/sign-in", (await _browser.SubmitAsync("/console/sign-out")).Location);
        Assert.Equal(HttpStatusCode.Found, (await _browser.OpenAsync("/console/tasks")).Status);
    }

    [Fact]
    public async Task The_operator_sees_the_cluster_and_no_customers_jobs()
    {
        await _browser.SignInAsync(OperatorToken);
        Assert.Equal("/console/cluster", (await _browser.OpenAsync("/console/")).Location);
        await Eventually.TrueAsync(
            async () => (await _browser.OpenAsync("/console/cluster")).Html.Contains("active", StringComparison.Ordinal),
            "the silo has answered in time");
        Assert.Equal(HttpStatusCode.Forbidden, (await _browser.OpenAsync("/console/tasks")).Status);

        await _browser.SignInAsync(TestServer.User);
        Assert.Equal(HttpStatusCode.Forbidden, (await _browser.OpenAsync("/console/cluster")).Status);
    }

    [Fact]
    public async Task Behind_a_proxys_path_the_pages_and_cookies_are_beneath_it()
    {
        (string, string)[] proxied = [("X-Forwarded-Prefix", "/sync"), ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https")];
        var page = await _browser.OpenAsync("/console/sign-in", proxied);
        Assert.Contains("<base href=\"/sync/console/\" />", page.Html, StringComparison.Ordinal);
        Assert.Contains("; path=/sync; secure;", page.Headers["Set-Cookie"], StringComparison.Ordinal);
        Assert.Equal("/sync/console/sign-in?return=tasks", (await _browser.OpenAsync("/console/tasks", proxied)).Location);
    }

    [Fact]
    public async Task Scripts_and_styles_are_kept_only_under_the_version_that_they_have()
    {
        var kept = await _browser.OpenAsync($"/console/{ConsoleAssets.PathOf("console.js")}");
        Assert.Equal(("text/javascript; charset=utf-8", "public, max-age=31536000, immutable"), (kept.Headers["Content-Type"], kept.Headers["Cache-Control"]));
        var other = await _browser.OpenAsync("/console/assets/older/console.css");
        Assert.Equal((HttpStatusCode.OK, "no-store"), (other.Status, other.Headers["Cache-Control"]));
        Assert.Equal(HttpStatusCode.NotFound, (await _browser.OpenAsync("/console/assets/older/nope.js")).Status);
    }

    private async Task<string> RunAsync(string task)
    {
        await _browser.OpenAsync("/console/tasks");
        return (await _browser.PostAsync($"/console/api/tasks/{task}/job", "[]")).Job;
    }

    /// <summary>The log of a job that has ended.</summary>
    private async Task<string> LogAsync(string job)
    {
        using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result?result");
        return System.Text.Json.Nodes.JsonNode.Parse(await response.Content.ReadAsStringAsync())!["log"]!.ToString();
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings =>
        [
            $"--Limits:FailedAuthentications={Failures}", $"--Operator:TokenSha256={Convert.ToHexStringLower(Secret.Hash(OperatorToken))}",
        ];
    }
}

/// <summary>A server without the console.</summary>
public sealed class NoConsoleTests(NoConsoleTests.Server server) : IClassFixture<NoConsoleTests.Server>
{
    [Theory]
    [InlineData("/")]
    [InlineData("/console/")]
    [InlineData("/console/sign-in")]
    public async Task There_is_nothing_of_it(string path)
    {
        using var response = await server.SendAsync(HttpMethod.Get, path, token: null, headers: ("Accept", "text/html"));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--Console:Enabled=false"];
    }
}
