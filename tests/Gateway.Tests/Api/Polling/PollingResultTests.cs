using System.Net;
using SyncCluster.Gateway.Tests.Server;
using Gate = SyncCluster.Gateway.Tests.Api.Jobs.AttachTests.Gate;

namespace SyncCluster.Gateway.Tests.Api.Polling;

/// <summary>Waiting in a row of redirects, in a server whose waits end soon.</summary>
public abstract class PollingResultTests(TestServer server)
{
    [Fact]
    public async Task Each_wait_leads_to_the_next_until_the_limit()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var created = await AskAsync(
            HttpMethod.Post, $"/task/{task["id"]}/job?wait_result=true&access_token={TestServer.User}&limit=1&parse=0", null);
        var job = created.Headers.GetValues("Job-Id").Single();
        var address = $"/job/{job}/result?wait_result=true&access_token={TestServer.User}&limit=1&parse=0&counter=";
        Assert.Equal($"{address}0&timeout=10", created.Headers.Location!.ToString());

        using var first = await AskAsync(HttpMethod.Get, created.Headers.Location.ToString(), null);
        Assert.Equal((HttpStatusCode.SeeOther, job, "{}"), (first.StatusCode, first.Headers.GetValues("Job-Id").Single(), await first.Content.ReadAsStringAsync()));
        Assert.Equal($"/job/{job}/result?wait_result=true&access_token={TestServer.User}&limit=1&parse=0&timeout=10&counter=1", first.Headers.Location!.ToString());

        using var last = await AskAsync(HttpMethod.Get, first.Headers.Location.ToString(), null);
        Assert.Equal((HttpStatusCode.RequestTimeout, job), (last.StatusCode, last.Headers.GetValues("Job-Id").Single()));
        Assert.Equal("application/problem+json", last.Content.Headers.ContentType!.MediaType);
        Assert.Equal($"/job/{job}/result?wait_result=true&limit=1&parse=0&timeout=10&counter=0", last.Headers.Location!.ToString());
        Assert.Equal("1", last.Headers.GetValues("Retry-After").Single());

        gate.Open();
        using var answer = await UntilAnsweredAsync(HttpMethod.Get, last.Headers.Location.ToString());
        Assert.Equal((HttpStatusCode.OK, """{"n":1}"""), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        Assert.Equal(1, gate.Runs);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("?timeout=10", null)]
    [InlineData("?limit=0", 0)]
    [InlineData("?counter=0", 1)]
    [InlineData("?counter=9", 10)]
    [InlineData("?counter=10", null)]
    [InlineData("?counter=0&limit=0", null)]
    [InlineData("?counter=5&limit=4", null)]
    [InlineData("?counter=999&limit=999999999", 1000)]
    [InlineData("?counter=1000&limit=999999999", null)]
    [InlineData("?counter=999999999", null)]
    public async Task No_row_of_waits_is_endless(string query, int? next)
    {
        var gate = new Gate(server);
        using var created = await StartAsync(gate);
        var job = created.Headers.GetValues("Job-Id").Single();
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Post])
        {
            using var response = await AskAsync(method, $"/job/{job}/result{query}", TestServer.Viewer);
            Assert.Equal(next is null ? HttpStatusCode.RequestTimeout : HttpStatusCode.SeeOther, response.StatusCode);
            Assert.EndsWith($"counter={next ?? 0}", response.Headers.Location!.ToString(), StringComparison.Ordinal);
        }

        gate.Open();
    }

    [Fact]
    public async Task A_call_by_secret_waits_by_the_jobs_own_secret()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var created = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/secret/{task["secret"]}/job?customer=acme&wait_result=true", null);
        var location = created.Headers.Location!.ToString();
        Assert.Matches($"^/job/{created.Headers.GetValues("Job-Id").Single()}/secret/acme\\.[A-Za-z0-9_-]{{43}}/result\\?customer=acme&wait_result=true&counter=0&limit=10&timeout=10$", location);
        Assert.DoesNotContain(task["secret"]!.GetValue<string>(), location, StringComparison.Ordinal);

        using var first = await server.SendAsync(HttpMethod.Get, location, null);
        Assert.Equal(location.Replace("counter=0&limit=10&timeout=10", "limit=10&timeout=10&counter=1", StringComparison.Ordinal), first.Headers.Location!.ToString());
        gate.Open();
        using var answer = await UntilAnsweredAsync(HttpMethod.Get, first.Headers.Location.ToString(), null);
        using var other = await server.SendAsync(HttpMethod.Get, location.Replace("/result", "x/result", StringComparison.Ordinal), null);
        Assert.Equal((HttpStatusCode.OK, """{"n":1}"""), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    [Fact]
    public async Task The_query_selects_the_dialect_on_the_path_that_both_have()
    {
        const string Raw = """["{\"n\":1}"]""";
        const string Read = """{"n":1}""";
        var gate = new Gate(server);
        gate.Open();
        var task = await server.ImportAsync(gate.Script);
        using var created = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/secret/{task["secret"]}/job?customer=acme&wait_result=true", null);
        var path = created.Headers.Location!.ToString().Split('?')[0];
        (HttpMethod Method, string Query, string Body)[] requests =
        [
            (HttpMethod.Get, "?parse=1", Raw),
            (HttpMethod.Get, "", Raw),
            (HttpMethod.Get, "?timeout=10", Read),
            (HttpMethod.Get, "?limit=1", Read),
            (HttpMethod.Get, "?counter=1", Read),
            (HttpMethod.Get, "?output", Raw),
            (HttpMethod.Get, "?output&parse=1", Raw),
            (HttpMethod.Get, "?timeout=10&parse=1", "null"),
            (HttpMethod.Post, "?parse=1", "null"),
            (HttpMethod.Post, "", Read),
        ];
        foreach (var (method, query, body) in requests)
        {
            using var answer = await UntilAnsweredAsync(method, path + query, null);
            Assert.Equal((query, body), (query, await answer.Content.ReadAsStringAsync()));
        }
    }

    [Theory]
    [InlineData(TestServer.Viewer, "", 200)]
    [InlineData(TestServer.Viewer, "&customer=acme", 200)]
    [InlineData(TestServer.Viewer, "&customer=globex", 403)]
    [InlineData(TestServer.Stranger, "", 404)]
    [InlineData(TestServer.Stranger, "&customer=acme", 403)]
    [InlineData("nobodys", "", 401)]
    [InlineData(null, "", 401)]
    public async Task Waiting_needs_a_viewers_token_of_the_jobs_customer(string? token, string query, int status)
    {
        var gate = new Gate(server);
        gate.Open();
        using var created = await StartAsync(gate);
        using var response = await UntilAnsweredAsync(HttpMethod.Get, $"/job/{created.Headers.GetValues("Job-Id").Single()}/result?limit=10{query}", token);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_user_who_is_not_on_the_access_list_does_not_get_the_answers()
    {
        var task = await server.ImportAsync("""echo '["1"]'""", task: new { acl = new[] { "team:ops" } });
        using var refused = await AskAsync(HttpMethod.Post, $"/task/{task["id"]}/job");
        using var created = await AskAsync(HttpMethod.Post, $"/task/{task["id"]}/job", TestServer.Ops);
        var path = $"/job/{created.Headers.GetValues("Job-Id").Single()}/result?limit=10";
        using var hidden = await UntilAnsweredAsync(HttpMethod.Get, path, TestServer.User);
        using var shown = await UntilAnsweredAsync(HttpMethod.Get, path, TestServer.Ops);
        Assert.Equal(
            (HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.OK), (refused.StatusCode, hidden.StatusCode, shown.StatusCode));
    }

    [Fact]
    public async Task A_post_may_have_its_token_in_the_body_but_not_in_two_places()
    {
        var gate = new Gate(server);
        gate.Open();
        using var created = await StartAsync(gate);
        var path = $"/job/{created.Headers.GetValues("Job-Id").Single()}/result?output&limit=10";
        using var first = await UntilAnsweredAsync(HttpMethod.Get, path);
        using var inBody = await AskAsync(HttpMethod.Post, path, null, $$"""{"access_token":"{{TestServer.Viewer}}"}""");
        using var twice = await server.SendAsync(HttpMethod.Post, path, TestServer.Viewer, $$"""{"access_token":"{{TestServer.Viewer}}"}""");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (inBody.StatusCode, twice.StatusCode));
    }

    [Theory]
    [InlineData("0123456789abcdef01234567")]
    [InlineData("0123456789ABCDEF01234567")]
    [InlineData("job")]
    public async Task A_job_that_is_not_there_is_a_404(string job)
    {
        using var response = await AskAsync(HttpMethod.Get, $"/job/{job}/result");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.DoesNotContain("nothing at this path", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> StartAsync(Gate gate)
    {
        var task = await server.ImportAsync(gate.Script);
        return await AskAsync(HttpMethod.Post, $"/task/{task["id"]}/job");
    }

    /// <summary>Asks until the token is checked: in front of TheEye that may take longer than the server waits, and then nothing was done.</summary>
    private async Task<HttpResponseMessage> AskAsync(HttpMethod method, string path, string? token = TestServer.User, string? json = null)
    {
        while (true)
        {
            var response = await server.SendAsync(method, path, token, json);
            if (response.StatusCode != HttpStatusCode.GatewayTimeout)
            {
                return response;
            }

            Assert.Contains("The token could not be checked", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            response.Dispose();
        }
    }

    /// <summary>Asks until the job has ended.</summary>
    private async Task<HttpResponseMessage> UntilAnsweredAsync(HttpMethod method, string path, string? token = TestServer.User)
    {
        while (true)
        {
            var response = await server.SendAsync(method, path, token);
            if (response.StatusCode is not (HttpStatusCode.SeeOther or HttpStatusCode.RequestTimeout or HttpStatusCode.GatewayTimeout))
            {
                return response;
            }

            response.Dispose();
        }
    }
}

public sealed class LocalPollingTests(LocalPollingTests.Server server) : PollingResultTests(server), IClassFixture<LocalPollingTests.Server>
{
    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--Waiting:Maximum=00:00:00.500", "--Waiting:Patience=00:00:30"];
    }
}

public sealed class TheEyePollingTests(TheEyePollingTests.Server server) : PollingResultTests(server), IClassFixture<TheEyePollingTests.Server>
{
    public sealed class Server : TheEyeTestServer
    {
        // Of the wait TheEye takes a part to check the token.
        protected override string[] Settings => [.. base.Settings, "--Waiting:Maximum=00:00:02", "--Waiting:Patience=00:00:30"];
    }
}
