using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Events;

/// <summary>Calls that are sent again with the id of an event, as event-source libraries do when a connection breaks.</summary>
public abstract class ResumedCallTests(TestServer server)
{
    private const string UnknownJob = "0123456789abcdef01234567";

    protected TestServer Server => server;

    [Fact]
    public async Task A_call_that_is_sent_again_with_an_id_goes_on_with_its_job()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync($"echo one; echo two; {gate.Script}");
        await using var broken = await CallAsync(task, lastId: null);
        await TestServer.UntilAsync(() => gate.Runs == 1);
        var id = EventReader.Member(await broken.NextAsync("job"), "id");
        Assert.StartsWith($"{id}.", broken.LastId, StringComparison.Ordinal);

        await using var again = await CallAsync(task, broken.LastId);
        gate.Open();
        var rest = await again.RestAsync();
        Assert.Equal(id, again.Response.Headers.GetValues("Job-Id").Single());
        Assert.DoesNotContain(rest, told => told.Name == "job");
        Assert.Equal(["one", "two"], rest.Where(told => told.Name == "log").Take(2).Select(told => told.Data));
        Assert.Equal("""{"statusCode":200,"body":["{\"n\":1}"]}""", rest[^1].Data);
        Assert.Equal(1, gate.Runs);
    }

    [Fact]
    public async Task A_call_that_is_sent_again_in_the_middle_of_a_log_gets_the_rest_of_this_log()
    {
        var gate = new AttachTests.Gate(server);
        gate.Open();
        var task = await server.ImportAsync($"echo one; echo two; {gate.Script}");
        await using var first = await CallAsync(task, lastId: null);
        var all = await first.RestAsync();
        var job = first.Response.Headers.GetValues("Job-Id").Single();
        await using var followed = await SendAsync(HttpMethod.Get, $"/acme/job/{job}/events", lastId: null);
        Assert.Equal("one", await followed.NextAsync("log"));

        await using var again = await CallAsync(task, followed.LastId);
        Assert.Equal(["two", all[^3].Data], (await again.RestAsync()).Where(told => told.Name == "log").Select(told => told.Data));
        Assert.Equal(job, again.Response.Headers.GetValues("Job-Id").Single());
        Assert.Equal(1, gate.Runs);
    }

    [Fact]
    public async Task A_call_that_is_sent_again_after_its_result_is_a_204()
    {
        var gate = new AttachTests.Gate(server);
        gate.Open();
        var task = await server.ImportAsync(gate.Script);
        await using var first = await CallAsync(task, lastId: null);
        await first.NextAsync("result");
        var job = first.Response.Headers.GetValues("Job-Id").Single();
        Assert.Equal($"{job}.end", first.LastId);

        await using var again = await CallAsync(task, first.LastId);
        Assert.Equal(HttpStatusCode.NoContent, again.Response.StatusCode);
        Assert.Equal(job, again.Response.Headers.GetValues("Job-Id").Single());
        Assert.Equal(1, gate.Runs);
    }

    [Fact]
    public async Task A_call_that_is_sent_again_without_a_wish_for_events_gets_the_jobs_answer()
    {
        var gate = new AttachTests.Gate(server);
        gate.Open();
        var task = await server.ImportAsync(gate.Script);
        await using var first = await CallAsync(task, lastId: null);
        await first.NextAsync("result");
        using var again = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/job?parse", json: "[]", headers: ("Last-Event-ID", first.LastId));
        Assert.Equal((HttpStatusCode.OK, """{"n":1}"""), (again.StatusCode, await again.Content.ReadAsStringAsync()));
        Assert.Equal(1, gate.Runs);
    }

    [Theory]
    [InlineData("end")]
    [InlineData("assigned.3")]
    [InlineData(".0")]
    [InlineData("5")]
    [InlineData(UnknownJob)]
    [InlineData($"{UnknownJob}.5")]
    [InlineData("0123456789ABCDEF01234567.end")]
    public async Task A_call_with_the_id_of_another_servers_event_runs_its_task_and_tells_all_of_it(string foreign)
    {
        var gate = new AttachTests.Gate(server);
        gate.Open();
        var task = await server.ImportAsync($"echo one; {gate.Script}");
        await using var events = await CallAsync(task, foreign);
        var all = await events.RestAsync();
        Assert.Equal(HttpStatusCode.OK, events.Response.StatusCode);
        Assert.Equal("job", all[0].Name);
        Assert.Contains(("log", "one"), all);
        Assert.Equal("""{"statusCode":200,"body":["{\"n\":1}"]}""", all[^1].Data);
        Assert.Equal(1, gate.Runs);
    }

    [Theory]
    [InlineData($"{UnknownJob}.assigned.3")]
    [InlineData($"{UnknownJob}..0")]
    [InlineData($"{UnknownJob}.end")]
    public async Task A_call_with_the_id_of_a_job_that_has_expired_is_a_404_and_runs_nothing(string id) =>
        await RefusedAsync(task => CallAsync(task, id));

    [Fact]
    public async Task A_call_with_the_id_of_another_tasks_job_is_a_404_and_runs_nothing()
    {
        var other = await server.ImportAsync("echo '[]'");
        await using var followed = await CallAsync(other, lastId: null);
        await followed.NextAsync("result");
        await RefusedAsync(task => CallAsync(task, followed.LastId));
    }

    [Fact]
    public async Task A_call_by_secret_is_resumed_at_its_events_alone()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var path = $"/acme/task/{task["id"]}/secret/{task["secret"]}/job";
        await using var broken = await SendAsync(HttpMethod.Post, path, lastId: null, token: null);
        var events = EventReader.Member(await broken.NextAsync("job"), "events");
        await TestServer.UntilAsync(() => gate.Runs == 1);

        await using var refused = await SendAsync(HttpMethod.Post, path, broken.LastId, token: null);
        AssertNothingRun(refused);

        await using var again = await SendAsync(HttpMethod.Get, events, broken.LastId, token: null);
        gate.Open();
        var rest = await again.RestAsync();
        Assert.DoesNotContain(rest, told => told.Name == "job");
        Assert.Equal("""{"statusCode":200,"body":["{\"n\":1}"]}""", rest[^1].Data);
        Assert.Equal(1, gate.Runs);
    }

    [Fact]
    public async Task The_events_of_a_job_are_told_from_their_start_to_a_reader_of_another_job()
    {
        var task = await server.ImportAsync("echo one; echo '[]'");
        await using var one = await CallAsync(task, lastId: null);
        await one.NextAsync("result");
        await using var two = await CallAsync(task, lastId: null);
        await two.NextAsync("result");
        await using var followed = await SendAsync(HttpMethod.Get, $"/acme/job/{two.Response.Headers.GetValues("Job-Id").Single()}/events", one.LastId);
        Assert.Equal("job", (await followed.NextAsync())!.Value.Name);
        Assert.Equal("one", await followed.NextAsync("log"));
    }

    [Theory]
    [InlineData(".4", "two")]
    [InlineData("finished.4", "two")]
    [InlineData("assigned.8", "[]")]
    public async Task An_id_of_version_0_1_is_a_position_in_the_events_that_are_asked_for(string id, string next)
    {
        var task = await server.ImportAsync("echo one; echo two; echo '[]'");
        await using var ended = await CallAsync(task, lastId: null);
        await ended.NextAsync("result");
        await using var again = await SendAsync(HttpMethod.Get, $"/acme/job/{ended.Response.Headers.GetValues("Job-Id").Single()}/events", id);
        Assert.Equal(("log", next), await again.NextAsync());
    }

    /// <summary>Makes a task, has it called so that it is refused, and sees that it has not run.</summary>
    private protected async Task RefusedAsync(Func<JsonNode, Task<EventReader>> call, object? members = null, int runs = 1)
    {
        var gate = new AttachTests.Gate(server);
        gate.Open();
        var task = await server.ImportAsync(gate.Script, task: members);
        await using var refused = await call(task);
        AssertNothingRun(refused);

        // By the time a later call has been answered, the refused one would have run as well.
        await using var later = await CallAsync(task, lastId: null, TestServer.Admin);
        await later.NextAsync("result");
        Assert.Equal(runs, gate.Runs);
    }

    private protected Task<EventReader> CallAsync(JsonNode task, string? lastId, string token = TestServer.User) =>
        SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", lastId, token);

    private static void AssertNothingRun(EventReader refused)
    {
        Assert.Equal(HttpStatusCode.NotFound, refused.Response.StatusCode);
        Assert.Equal("application/problem+json", refused.Response.Content.Headers.ContentType!.MediaType);
        Assert.False(refused.Response.Headers.Contains("Job-Id"));
    }

    private Task<EventReader> SendAsync(HttpMethod method, string path, string? lastId, string? token = TestServer.User)
    {
        var request = new HttpRequestMessage(method, path)
        {
            Content = method == HttpMethod.Post ? new StringContent("[]", Encoding.UTF8, "application/json") : null,
        };
        request.Headers.Accept.Add(new("text/event-stream"));
        if (token is not null)
        {
            request.Headers.Authorization = new("Bearer", token);
        }

        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        return EventReader.OpenAsync(server.Http, request);
    }
}

[Collection(SharedServer.Name)]
public sealed class LocalResumedCallTests(TestServer server) : ResumedCallTests(server)
{
    [Fact]
    public async Task A_call_with_the_id_of_a_job_that_its_caller_may_not_see_is_a_404_and_runs_nothing() =>
        await RefusedAsync(
            async task =>
            {
                await using var others = await CallAsync(task, lastId: null, TestServer.Ops);
                await others.NextAsync("result");
                return await CallAsync(task, others.LastId, TestServer.User);
            },
            new { acl = new[] { "otto@acme.example" } },
            runs: 2);

    [Fact]
    public async Task A_call_with_the_id_of_another_customers_job_is_a_404_and_runs_nothing()
    {
        var theirs = await Server.ImportAsync("echo '[]'");
        await using var followed = await CallAsync(theirs, lastId: null);
        await followed.NextAsync("result");
        using var imported = await Server.SendAsync(
            HttpMethod.Post,
            "/globex/task/import",
            TestServer.Stranger,
            """{"task":{"name":"a task","type":"dummy","task_arguments":[]}}""");
        var task = JsonNode.Parse(await imported.Content.ReadAsStringAsync())!["id"]!.GetValue<string>();
        using var refused = await Server.SendAsync(
            HttpMethod.Post, $"/globex/task/{task}/job", TestServer.Stranger, "[]", headers: ("Last-Event-ID", followed.LastId));
        Assert.Equal((HttpStatusCode.NotFound, false), (refused.StatusCode, refused.Headers.Contains("Job-Id")));
    }
}

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeResumedCallTests(TheEyeTestServer server) : ResumedCallTests(server);
