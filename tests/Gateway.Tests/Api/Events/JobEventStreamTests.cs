using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Events;

/// <summary>Jobs that are followed live.</summary>
public abstract class JobEventStreamTests(TestServer server)
{
    protected TestServer Server => server;

    [Fact]
    public async Task A_stream_has_the_job_at_once_and_its_answer_at_the_end()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync($"echo begun; {gate.Script}");
        await using var events = await CallAsync(task, "?parse");
        var (name, data) = (await events.NextAsync())!.Value;
        var job = events.Response.Headers.GetValues("Job-Id").Single();
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (events.Response.StatusCode, events.Response.Content.Headers.ContentType!.ToString()));
        Assert.Equal(("job", job), (name, EventReader.Member(data, "id")));
        Assert.Equal($"/acme/job/{job}/result?parse", EventReader.Member(data, "location"));
        Assert.Equal($"/acme/job/{job}/events?parse", EventReader.Member(data, "events"));
        gate.Open();
        var rest = await events.RestAsync();
        Assert.Equal("""{"statusCode":200,"body":{"n":1}}""", rest[^1].Data);
        Assert.Equal(("lifecycle", """{"lifecycle":"finished"}"""), rest[^2]);
        Assert.Contains(("log", "begun"), rest);
        Assert.Equal(1, gate.Runs);
    }

    /// <summary>A stream says at once that the job goes on, so it is never answered asynchronously.</summary>
    [Theory]
    [InlineData("wait=60", "wait=60")]
    [InlineData("wait=661", "wait=660")]
    [InlineData("respond-async, wait=60", "wait=60")]
    [InlineData("respond-async", null)]
    public async Task A_stream_says_which_wait_it_has(string prefer, string? applied)
    {
        var task = await server.ImportAsync("echo '[]'");
        await using var events = await CallAsync(task, prefer: prefer);
        Assert.Equal(HttpStatusCode.OK, events.Response.StatusCode);
        Assert.Equal(applied, events.Response.Headers.TryGetValues("Preference-Applied", out var values) ? values.Single() : null);
        Assert.Equal("result", (await events.RestAsync())[^1].Name);
    }

    [Fact]
    public async Task The_stream_of_an_ended_job_has_all_its_events()
    {
        var task = await server.ImportAsync("printf 'one\\n\\ntwo\\r\\n{\"state\":\"failure\",\"data\":[\"x\"]}'");
        using var ended = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]");
        var job = ended.Headers.GetValues("Job-Id").Single();
        await using var events = await FollowAsync($"/acme/job/{job}/events");
        Assert.Equal(
            ["job", "log one", "log ", "log two", "log {\"state\":\"failure\",\"data\":[\"x\"]}", "lifecycle {\"lifecycle\":\"finished\"}", "result {\"statusCode\":500,\"body\":[\"x\"]}"],
            (await events.RestAsync()).Select(told => told.Name == "job" ? "job" : $"{told.Name} {told.Data}"));
        Assert.Equal($"{job}.end", events.LastId);

        await using var broken = await FollowAsync($"/acme/job/{job}/events");
        await broken.NextAsync("log");
        await using var again = await FollowAsync($"/acme/job/{job}/events", lastId: broken.LastId);
        Assert.Equal(("log", ""), await again.NextAsync());
    }

    [Fact]
    public async Task The_states_of_a_progress_bar_are_lines_and_the_log_stays_as_it_was_printed()
    {
        var task = await server.ImportAsync("""printf '10 %%\r20 %%\r\nfirst\r\n[1]\r'""");
        using var ended = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job?result", json: "[]");
        var result = JsonNode.Parse(await ended.Content.ReadAsStringAsync())!;
        Assert.Equal(("10 %\r20 %\r\nfirst\r\n[1]\r", "[1]", 200), ((string?)result["log"], (string?)result["lastline"], (int)ended.StatusCode));
        await using var events = await FollowAsync($"/acme/job/{ended.Headers.GetValues("Job-Id").Single()}/events");
        Assert.Equal(["10 %", "20 %", "first", "[1]"], (await events.RestAsync()).Where(told => told.Name == "log").Select(told => told.Data));
    }

    /// <summary>Version 0.1 said only that it was the end.</summary>
    [Theory]
    [InlineData("{0}.end")]
    [InlineData("end")]
    public async Task A_client_that_has_read_every_event_gets_204(string id)
    {
        var task = await server.ImportAsync("echo '[]'");
        using var ended = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]");
        var job = ended.Headers.GetValues("Job-Id").Single();
        await using var again = await FollowAsync($"/acme/job/{job}/events", lastId: id.Replace("{0}", job, StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.NoContent, again.Response.StatusCode);
    }

    [Theory]
    [InlineData("unknown-token", HttpStatusCode.Unauthorized)]
    [InlineData(TestServer.Viewer, HttpStatusCode.Forbidden)]
    public async Task A_refused_call_is_answered_with_a_problem_and_no_stream(string token, HttpStatusCode status)
    {
        var task = await server.ImportAsync("echo '[]'");
        await using var refused = await CallAsync(task, token: token);
        Assert.Equal((status, "application/problem+json"), (refused.Response.StatusCode, refused.Response.Content.Headers.ContentType!.MediaType));
    }

    [Fact]
    public async Task A_job_that_is_not_known_is_a_404()
    {
        await using var refused = await FollowAsync("/acme/job/0123456789abcdef01234567/events");
        Assert.Equal(HttpStatusCode.NotFound, refused.Response.StatusCode);
    }

    [Fact]
    public async Task A_wait_that_ends_before_the_job_ends_the_stream_with_a_problem_and_can_be_continued()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        await using var early = await CallAsync(task, prefer: "wait=1, respond-async");
        var problem = await early.NextAsync("problem");
        Assert.Equal("504", EventReader.Member(problem, "status"));
        Assert.Null(await early.NextAsync());
        await using var again = await FollowAsync($"/acme/job/{early.Response.Headers.GetValues("Job-Id").Single()}/events", lastId: early.LastId);
        gate.Open();
        Assert.Equal("""{"statusCode":200,"body":["{\"n\":1}"]}""", await again.NextAsync("result"));
    }

    [Fact]
    public async Task A_call_by_secret_is_followed_by_the_jobs_own_secret()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        await using var events = await FollowAsync($"/acme/task/{task["id"]}/secret/{task["secret"]}/job", null, method: HttpMethod.Post);
        await using var others = await FollowAsync(EventReader.Member(await events.NextAsync("job"), "events"), null);
        Assert.Equal(HttpStatusCode.OK, others.Response.StatusCode);
        gate.Open();
        Assert.Equal(await events.NextAsync("result"), await others.NextAsync("result"));
    }

    private protected Task<EventReader> CallAsync(JsonNode task, string flags = "", string token = TestServer.User, string? prefer = null) =>
        FollowAsync($"/acme/task/{task["id"]}/job{flags}", token, method: HttpMethod.Post, prefer: prefer);

    private protected Task<EventReader> FollowAsync(
        string path, string? token = TestServer.User, string? lastId = null, HttpMethod? method = null, string? prefer = null)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, path) { Content = method is null ? null : new StringContent("[]", Encoding.UTF8, "application/json") };
        request.Headers.Accept.Add(new("text/event-stream"));
        (string Name, string? Value)[] headers =
            [("Authorization", token is null ? null : $"Bearer {token}"), ("Last-Event-ID", lastId), ("Prefer", prefer)];
        foreach (var (name, value) in headers)
        {
            if (value is not null)
            {
                request.Headers.Add(name, value);
            }
        }

        return EventReader.OpenAsync(server.Http, request);
    }
}

public sealed class LocalFollowTests(LocalFollowTests.LiveServer server) : JobEventStreamTests(server), IClassFixture<LocalFollowTests.LiveServer>
{
    [Fact]
    public async Task What_a_running_script_prints_is_streamed()
    {
        var gate = new AttachTests.Gate(Server);
        var task = await Server.ImportAsync($"echo one; echo two >&2; printf thr; {gate.Script}; echo ee");
        await using var events = await CallAsync(task, "?result");
        Assert.Equal("one", await events.NextAsync("log"));
        Assert.Equal("two", await events.NextAsync("log"));
        await using var other = await FollowAsync($"/acme/job/{events.Response.Headers.GetValues("Job-Id").Single()}/events");
        Assert.Equal("one", await other.NextAsync("log"));
        gate.Open();
        var rest = await events.RestAsync();
        Assert.Equal(["log", "log", "lifecycle", "result"], rest.Select(told => told.Name));
        Assert.Equal(("thr{\"data\":[\"{\\\"n\\\":1}\"]}", "ee"), (rest[0].Data, rest[1].Data));
    }

    [Fact]
    public async Task The_states_of_a_progress_bar_are_streamed_while_it_runs()
    {
        var gate = new AttachTests.Gate(Server);
        var task = await Server.ImportAsync($"printf '10 %%\\r20 %%\\r30 %%'; {gate.Script}");
        await using var events = await CallAsync(task);
        Assert.Equal("10 %", await events.NextAsync("log"));
        Assert.Equal("20 %", await events.NextAsync("log"));
        gate.Open();
        Assert.NotNull(await events.NextAsync("result"));
    }

    [Fact]
    public async Task Every_change_of_state_is_one_event()
    {
        var gate = new AttachTests.Gate(Server);
        var task = await Server.ImportAsync(gate.Script);
        await using var events = await CallAsync(task);
        var before = new List<(string Name, string Data)>();
        while (before.LastOrDefault().Data != """{"lifecycle":"assigned"}""")
        {
            before.Add((await events.NextAsync())!.Value);
        }

        gate.Open();
        var steps = before.Concat(await events.RestAsync()).Where(told => told.Name == "lifecycle").Select(told => EventReader.Member(told.Data, "lifecycle")).ToArray();
        Assert.Equal(steps.Distinct(), steps);
        Assert.Equal(["assigned", "finished"], steps[^2..]);
    }

    [Fact]
    public async Task A_connection_that_broke_is_gone_on_with_where_it_was()
    {
        var gate = new AttachTests.Gate(Server);
        var task = await Server.ImportAsync($"for i in 1 2 3 4; do echo line $i; done; {gate.Script}");
        await using var broken = await CallAsync(task);
        var job = broken.Response.Headers.GetValues("Job-Id").Single();
        Assert.Equal("line 1", await broken.NextAsync("log"));
        Assert.Equal("line 2", await broken.NextAsync("log"));
        await using (var meanwhile = await FollowAsync($"/acme/job/{job}/events", lastId: broken.LastId))
        {
            Assert.Equal(("log", "line 3"), await meanwhile.NextAsync());
        }

        gate.Open();
        using (await Server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result"))
        {
            // It has ended.
        }

        await using var afterwards = await FollowAsync($"/acme/job/{job}/events", lastId: broken.LastId);
        Assert.Equal(["line 3", "line 4", "{\"data\":[\"{\\\"n\\\":1}\"]}"], (await afterwards.RestAsync()).Where(told => told.Name == "log").Select(told => told.Data));
    }

    [Fact]
    public async Task A_job_that_says_nothing_is_kept_alive_by_comments()
    {
        var gate = new AttachTests.Gate(Server);
        var task = await Server.ImportAsync(gate.Script);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/acme/task/{task["id"]}/job?access_token={TestServer.User}");
        request.Headers.Accept.Add(new("text/event-stream"));
        using var response = await Server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        for (var comments = 0; comments < 3;)
        {
            comments += await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) == ":" ? 1 : 0;
        }

        gate.Open();
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_disconnected_and_the_others_get_every_event()
    {
        var gate = new AttachTests.Gate(Server);
        var task = await Server.ImportAsync($"{gate.Script}; yes | head -n 300000");
        using var early = await Server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: ("Prefer", "respond-async"));
        var job = early.Headers.GetValues("Job-Id").Single();
        using var deaf = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 2048 };
        await deaf.ConnectAsync(IPAddress.Loopback, Server.Http.BaseAddress!.Port);
        await deaf.SendAsync(Encoding.ASCII.GetBytes($"GET /acme/job/{job}/events?access_token={TestServer.User} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        await using var other = await FollowAsync($"/acme/job/{job}/events");
        await TestServer.UntilAsync(() => Server.Hub.Waiters == 2);
        gate.Open();
        Assert.Equal(300_000, (await other.RestAsync()).Count(told => told == ("log", "y")));

        // More was to be sent than any buffer on the way takes.
        await TestServer.UntilAsync(() => deaf.Poll(0, SelectMode.SelectError));
    }

    [Theory]
    [InlineData("text/event-stream", true)]
    [InlineData("application/json, Text/Event-Stream;q=0.5", true)]
    [InlineData("text/event-stream;q=0", false)]
    [InlineData("*/*", false)]
    [InlineData("text/*", false)]
    public async Task Only_a_request_that_accepts_event_streams_gets_one(string accept, bool isStream)
    {
        var task = await Server.ImportAsync("echo '[]'");
        using var response = await Server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: ("Accept", accept));
        Assert.Equal(isStream ? "text/event-stream" : "application/json", response.Content.Headers.ContentType!.MediaType);
    }

    public sealed class LiveServer : TestServer
    {
        protected override string[] Settings => ["--Following:Heartbeat=00:00:00.200", "--Following:SlowReader=00:00:10"];
    }
}

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeFollowTests(TheEyeTestServer server) : JobEventStreamTests(server);
