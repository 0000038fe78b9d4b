using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Sync;

/// <summary>Calls that are sent again with their <c>Idempotency-Key</c>.</summary>
public abstract class IdempotencyKeyCallTests(TestServer server)
{
    private static readonly object OneArgument = new { task_arguments = new[] { new { order = 0, type = "input" } } };

    [Fact]
    public async Task A_repeat_waits_for_the_job_that_runs()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var key = NewKey();
        using var early = await CallAsync(task, key, prefer: "respond-async");
        var repeats = Enumerable.Range(0, 5).Select(i => CallAsync(task, i % 2 == 0 ? key : $"\"{key}\"", flags: "?parse")).ToArray();
        await TestServer.UntilAsync(() => server.Hub.Waiters >= repeats.Length);
        gate.Open();
        foreach (var repeat in repeats)
        {
            using var response = await repeat;
            Assert.Equal((HttpStatusCode.OK, "{\"n\":1}"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
            Assert.Equal(JobOf(early), JobOf(response));
        }

        Assert.Equal(1, gate.Runs);
    }

    [Theory]
    [InlineData("echo '{\"data\":[\"{\\\"n\\\":2.50}\"]}'", HttpStatusCode.OK, "{\"n\":2.50}")]
    [InlineData("echo '{\"state\":\"failure\",\"data\":[\"[3]\"]}'", HttpStatusCode.InternalServerError, "[3]")]
    public async Task A_repeat_with_the_same_key_gets_the_stored_answer(string script, HttpStatusCode status, string parsed)
    {
        var runs = Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));
        var task = await server.ImportAsync($"echo run >> {runs}; {script}");
        var key = NewKey();
        using var first = await CallAsync(task, key, flags: "?parse");
        using var repeat = await CallAsync(task, key, flags: "?parse");
        using var full = await CallAsync(task, key, flags: "?full");
        Assert.Equal((status, parsed), (first.StatusCode, await first.Content.ReadAsStringAsync()));
        Assert.Equal((status, parsed, JobOf(first)), (repeat.StatusCode, await repeat.Content.ReadAsStringAsync(), JobOf(repeat)));
        Assert.Equal((status, JobOf(first)), (full.StatusCode, JsonNode.Parse(await full.Content.ReadAsStringAsync())!["id"]!.GetValue<string>()));
        Assert.Single(await File.ReadAllLinesAsync(runs));
    }

    [Fact]
    public async Task Of_many_first_calls_at_once_one_runs()
    {
        var runs = Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));
        var task = await server.ImportAsync($"""echo run >> {runs}; echo '["done"]'""");
        var key = NewKey();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using var response = await CallAsync(task, key);
            return (response.StatusCode, await response.Content.ReadAsStringAsync(), JobOf(response));
        }));
        Assert.Equal((HttpStatusCode.OK, "[\"done\"]"), (answers[0].StatusCode, answers[0].Item2));
        Assert.Single(answers.Distinct());
        Assert.Single(await File.ReadAllLinesAsync(runs));
    }

    [Fact]
    public async Task The_same_key_with_other_arguments_is_a_422_while_the_job_runs_and_after()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script, task: OneArgument);
        var key = NewKey();
        using var early = await CallAsync(task, key, "[1]", prefer: "respond-async");
        await AssertOtherAsync();
        gate.Open();
        using var repeat = await CallAsync(task, key, "{ \"task_arguments\" : [ 1 ] }");
        Assert.Equal((HttpStatusCode.OK, JobOf(early)), (repeat.StatusCode, JobOf(repeat)));
        await AssertOtherAsync();
        Assert.Equal(1, gate.Runs);

        async Task AssertOtherAsync()
        {
            using var other = await CallAsync(task, key, "[2]", flags: "?parse");
            Assert.Equal((HttpStatusCode.UnprocessableEntity, JobOf(early)), (other.StatusCode, JobOf(other)));
            Assert.Equal($"/acme/job/{JobOf(early)}/result?parse", other.Headers.Location!.ToString());
            Assert.Equal("application/problem+json", other.Content.Headers.ContentType!.MediaType);
        }
    }

    [Fact]
    public async Task Another_caller_task_or_key_is_another_call()
    {
        var task = await server.ImportAsync("""echo '["done"]'""");
        var otherTask = await server.ImportAsync("""echo '["done"]'""");
        var key = NewKey();
        using var first = await CallAsync(task, key);
        using var otherCaller = await CallAsync(task, key, token: TestServer.Admin);
        using var other = await CallAsync(otherTask, key);
        using var otherKey = await CallAsync(task, key + "x");
        using var bySecret = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/secret/{task["secret"]}/job", null, "[]", headers: ("Idempotency-Key", key));
        Assert.Equal(5, new[] { first, otherCaller, other, otherKey, bySecret }.Select(JobOf).Distinct().Count());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("\"a")]
    public async Task A_malformed_key_is_a_400_and_nothing_runs(string key)
    {
        var runs = Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));
        var task = await server.ImportAsync($"echo run >> {runs}");
        using var response = await CallAsync(task, key);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        using var twice = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: [("Idempotency-Key", "a"), ("Idempotency-Key", "a")]);
        Assert.Equal(HttpStatusCode.BadRequest, twice.StatusCode);
        Assert.False(File.Exists(runs));
    }

    [Fact]
    public async Task A_call_that_is_refused_leaves_its_key_unused()
    {
        var task = await server.ImportAsync("""echo '["done"]'""", task: OneArgument);
        var key = NewKey();
        using var malformed = await CallAsync(task, key, "[1");
        using var noToken = await CallAsync(task, key, "[1]", token: "unknown-token");
        using var called = await CallAsync(task, key, "[2]");
        Assert.Equal(
            (HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized, HttpStatusCode.OK), (malformed.StatusCode, noToken.StatusCode, called.StatusCode));
    }

    [Fact]
    public async Task It_can_not_be_canceled_by_hanging_up()
    {
        var task = await server.ImportAsync("""echo '["done"]'""");
        using var response = await CallAsync(task, NewKey(), flags: "?cancel_on_disconnect");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task A_call_by_secret_can_be_repeated_only_with_the_secret()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var key = NewKey();
        using var first = await CallAsync($"{task["secret"]}");
        using var repeat = await CallAsync($"{task["secret"]}");
        using var stranger = await CallAsync("not-the-secret");
        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (first.StatusCode, repeat.StatusCode));
        Assert.Equal((JobOf(first), first.Headers.Location), (JobOf(repeat), repeat.Headers.Location));
        Assert.InRange((int)stranger.StatusCode, 400, 499);
        Assert.False(stranger.Headers.Contains("Job-Id"));
        gate.Open();
        using var result = await server.SendAsync(HttpMethod.Get, repeat.Headers.Location!.ToString(), null);
        Assert.Equal((HttpStatusCode.OK, 1), (result.StatusCode, gate.Runs));

        Task<HttpResponseMessage> CallAsync(string secret) => server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/secret/{secret}/job", null, "[]", headers: [("Idempotency-Key", key), ("Prefer", "respond-async")]);
    }

    protected TestServer Server => server;

    protected static string NewKey() => Guid.NewGuid().ToString();

    protected static string JobOf(HttpResponseMessage response) => response.Headers.GetValues("Job-Id").Single();

    protected Task<HttpResponseMessage> CallAsync(
        JsonNode task, string key, string json = "[]", string flags = "", string prefer = "wait=600", string token = TestServer.User) => server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/job{flags}", token, json, headers: [("Idempotency-Key", key), ("Prefer", prefer)]);
}

[Collection(SharedServer.Name)]
public sealed class LocalRepeatTests(TestServer server) : IdempotencyKeyCallTests(server)
{
    [Fact]
    public async Task A_dummy_task_is_repeated_as_any_other()
    {
        var task = await Server.ImportRecipeAsync("""{"task":{"name":"echo","type":"dummy","task_arguments":[{"order":0,"type":"input"}]}}""");
        var key = NewKey();
        using var first = await CallAsync(task, key, "[\"a\"]");
        using var repeat = await CallAsync(task, key, "[\"a\"]");
        using var other = await CallAsync(task, key, "[\"b\"]");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK, JobOf(first)), (first.StatusCode, repeat.StatusCode, JobOf(repeat)));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
    }
}

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeRepeatTests(TheEyeTestServer server) : IdempotencyKeyCallTests(server);
