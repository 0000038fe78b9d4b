using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>How many tasks a customer may run in a time. Each test has a server of its own, with two calls for acme and another one in a quarter of an hour.</summary>
public abstract class RateLimitTests(TestServer server) : IAsyncLifetime
{
    protected static readonly string[] Settings =
        ["--Limits:CallsPerSecond=5", "--Limits:Customers:ACME:CallsPerSecond=0.001", "--Limits:Customers:ACME:Burst=2", "--Limits:Customers:globex:CallsPerSecond=0"];

    private const string Script = """echo '["1"]'""";

    protected abstract int WrongSecret { get; }

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Calls_beyond_the_rate_are_a_429_that_says_when_the_next_one_may_come()
    {
        var task = await server.ImportAsync(Script);
        using var first = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job");
        using var second = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job");
        using var third = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job");
        Assert.Equal((200, "\"calls\";q=2;w=2000", "\"calls\";r=1;t=1000"), Of(first));
        Assert.Equal((200, "\"calls\";q=2;w=2000", "\"calls\";r=0;t=2000"), Of(second));
        Assert.Equal((429, "\"calls\";q=2;w=2000", "\"calls\";r=0;t=2000"), Of(third));
        Assert.Equal("1000", third.Headers.GetValues("Retry-After").Single());
        Assert.Equal("application/problem+json", third.Content.Headers.ContentType!.MediaType);
        Assert.Contains("Nothing was run", JsonNode.Parse(await third.Content.ReadAsStringAsync())!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.False(third.Headers.Contains("Job-Id"));
    }

    [Fact]
    public async Task Every_way_to_run_a_task_counts()
    {
        var task = await server.ImportAsync(Script);
        string[] paths =
        [
            $"/acme/task/{task["id"]}/job", $"/task/{task["id"]}/job", $"/acme/task/{task["id"]}/secret/{task["secret"]}/job",
            $"/job/secret/{task["secret"]}?customer=acme&task={task["id"]}", $"/task/{task["id"]}/secret/{task["secret"]}/job?customer=acme",
        ];
        using var bySecret = await server.SendAsync(HttpMethod.Post, paths[2], null);
        using var alsoBySecret = await server.SendAsync(HttpMethod.Post, paths[4], null);
        Assert.Equal("\"calls\";r=1;t=1000", Of(bySecret).Left);
        Assert.Equal("\"calls\";r=0;t=2000", Of(alsoBySecret).Left);
        foreach (var path in paths)
        {
            using var refused = await server.SendAsync(HttpMethod.Post, path, path.Contains("secret", StringComparison.Ordinal) ? null : TestServer.User);
            Assert.Equal((path, HttpStatusCode.TooManyRequests), (path, refused.StatusCode));
        }
    }

    [Fact]
    public async Task A_token_in_the_body_counts_once()
    {
        var task = await server.ImportAsync(Script);
        foreach (var (path, left) in ((string, int)[])[("/acme", 1), ("", 0)])
        {
            using var called = await server.SendAsync(HttpMethod.Post, $"{path}/task/{task["id"]}/job", null, $$"""{"task_arguments":[],"access_token":"{{TestServer.User}}"}""");
            Assert.Equal($"\"calls\";r={left};t={2000 - (1000 * left)}", Of(called).Left);
        }

        using var refused = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", null, $$"""{"access_token":"{{TestServer.User}}"}""");
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
    }

    [Fact]
    public async Task Refused_requests_do_not_count_against_the_rate()
    {
        var task = await server.ImportAsync(Script);
        var other = await server.ImportAsync(Script);
        (string Path, string? Token, int Status)[] attempts =
        [
            ($"/acme/task/{task["id"]}/job", null, 401),
            ($"/acme/task/{task["id"]}/job", "nobodys", 401),
            ($"/acme/task/{task["id"]}/job", TestServer.Viewer, 403),
            ($"/acme/task/{task["id"]}/job", TestServer.Stranger, 403),
            ($"/task/{task["id"]}/job?customer=acme", TestServer.Stranger, 403),
            ($"/acme/task/{task["id"]}/secret/{other["secret"]}/job", null, WrongSecret),
            ($"/task/{task["id"]}/secret/{other["secret"]}/job?customer=acme", null, WrongSecret),
        ];
        foreach (var (path, token, status) in attempts.Concat(attempts))
        {
            using var refused = await server.SendAsync(HttpMethod.Post, path, token);
            Assert.Equal((path, status, false), (path, (int)refused.StatusCode, refused.Headers.Contains("RateLimit")));
        }

        Assert.Equal(200, (await server.CallAsync(task)).Status);
        Assert.Equal(200, (await server.CallAsync(task)).Status);
        Assert.Equal(429, (await server.CallAsync(task)).Status);
    }

    [Fact]
    public async Task Asking_for_an_answer_counts_as_a_call_and_a_wrong_secret_does_not()
    {
        var task = await server.ImportAsync(Script);
        using var called = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/secret/{task["secret"]}/job", null, headers: [("Prefer", "respond-async")]);
        var job = called.Headers.GetValues("Job-Id").Single();
        var secret = called.Headers.Location!.ToString().Split('/')[4];
        foreach (var path in (string[])[$"/job/{job}/secret/acme.x/result", $"/job/{job}/secret/acme.x/events", $"/job/{job}/secret/acme.x/result?output"])
        {
            using var wrong = await server.SendAsync(HttpMethod.Get, path, null);
            Assert.Equal((HttpStatusCode.NotFound, false), (wrong.StatusCode, wrong.Headers.Contains("RateLimit")));
        }

        using var read = await server.SendAsync(HttpMethod.Get, $"/job/{job}/secret/{secret}/result", null);
        Assert.Equal((200, "\"calls\";q=2;w=2000", "\"calls\";r=0;t=2000"), Of(read));
        foreach (var path in (string[])[$"/acme/job/{job}/result", $"/acme/job/{job}/events", $"/job/{job}/result?output"])
        {
            using var refused = await server.SendAsync(HttpMethod.Get, path, TestServer.Viewer);
            Assert.Equal((path, HttpStatusCode.TooManyRequests), (path, refused.StatusCode));
        }

        foreach (var path in (string[])[$"/job/{job}/secret/{secret}/result", $"/job/{job}/secret/{secret}/events", $"/job/{job}/secret/{secret}/result?output"])
        {
            using var refused = await server.SendAsync(HttpMethod.Get, path, null);
            Assert.Equal((path, HttpStatusCode.TooManyRequests), (path, refused.StatusCode));
        }
    }

    [Fact]
    public async Task Reading_jobs_is_not_counted_and_other_customers_are_not_held_up()
    {
        var task = await server.ImportAsync(Script);
        using var called = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job");
        var job = called.Headers.GetValues("Job-Id").Single();
        await server.CallAsync(task);
        foreach (var path in (string[])[$"/acme/job/{job}", $"/acme/job/{job}/lifecycle"])
        {
            using var read = await server.SendAsync(HttpMethod.Get, path);
            Assert.Equal((HttpStatusCode.OK, false), (read.StatusCode, read.Headers.Contains("RateLimit")));
        }

        for (var i = 0; i < 8; i++)
        {
            using var unlimited = await server.SendAsync(HttpMethod.Post, "/globex/task/nope/job", TestServer.Stranger);
            Assert.Equal((HttpStatusCode.NotFound, false), (unlimited.StatusCode, unlimited.Headers.Contains("RateLimit")));
        }
    }

    [Fact]
    public async Task A_refused_calls_body_is_not_waited_for()
    {
        var task = await server.ImportAsync(Script);
        await server.CallAsync(task);
        await server.CallAsync(task);
        foreach (var path in (string[])[$"/acme/task/{task["id"]}/job", $"/task/{task["id"]}/job", $"/acme/task/{task["id"]}/secret/{task["secret"]}/job"])
        {
            var token = path.Contains("secret", StringComparison.Ordinal) ? null : TestServer.User;
            Assert.StartsWith("HTTP/1.1 429 ", await Bodiless.PostAsync(server, path, token), StringComparison.Ordinal);
        }
    }

    private static (int Status, string Policy, string Left) Of(HttpResponseMessage response) =>
        ((int)response.StatusCode, response.Headers.GetValues("RateLimit-Policy").Single(), response.Headers.GetValues("RateLimit").Single());
}

public sealed class LocalRateTests() : RateLimitTests(new Server())
{
    protected override int WrongSecret => 401;

    [Fact]
    public async Task A_rate_holds_in_the_long_run()
    {
        await using var server = new FastServer();
        await server.InitializeAsync();
        var task = await server.ImportAsync("""echo '["1"]'""");
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var answered = 0;
        for (var status = 0; answered < 6; answered += status == 200 ? 1 : 0)
        {
            status = (await server.CallAsync(task)).Status;
            Assert.True(status is 200 or 429, $"{status}");
        }

        // Of six calls one is there at once, and the others come at ten a second.
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.35, 30);
    }

    private sealed class Server : TestServer
    {
        protected override string[] Settings => RateLimitTests.Settings;
    }

    private sealed class FastServer : TestServer, IAsyncDisposable
    {
        protected override string[] Settings => ["--Limits:CallsPerSecond=10", "--Limits:Burst=1"];

        ValueTask IAsyncDisposable.DisposeAsync() => new(DisposeAsync());
    }
}

public sealed class TheEyeRateTests() : RateLimitTests(new Server())
{
    protected override int WrongSecret => 403;

    private sealed class Server : TheEyeTestServer
    {
        protected override string[] Settings => [.. base.Settings, .. RateLimitTests.Settings];
    }
}
