using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Jobs;

/// <summary>The lists of jobs that a server has itself.</summary>
public abstract class JobListTests(TestServer server)
{
    private const string Fails = """echo '{"state":"failure","data":["no"]}'""";

    private static readonly string[] Left = ["task_arguments_values", "script_arguments", "output", "result", "task", "script", "env"];

    [Fact]
    public async Task Jobs_are_listed_the_newest_first_as_documents_without_what_is_long()
    {
        var task = await server.ImportAsync("echo secret-log", task: new { env = new { KEY = "secret-value" } });
        string[] jobs = [await RunAsync(task, "[]"), await RunAsync(task, "[]"), await RunAsync(task, "[]")];
        var listed = await ListAsync($"where[task_id]={task["id"]}");
        Assert.Equal(jobs.Reverse(), IdsOf(listed));
        var row = listed[0]!.AsObject();
        using var shown = await server.SendAsync(HttpMethod.Get, $"/acme/job/{jobs[2]}");
        var document = JsonNode.Parse(await shown.Content.ReadAsStringAsync())!.AsObject();
        Assert.All(Left, member => Assert.False(row.ContainsKey(member)));
        Assert.Equal(document.Select(member => member.Key).Except(Left), row.Select(member => member.Key));
        Assert.All(row, member => Assert.Equal(document[member.Key]?.ToJsonString(), member.Value?.ToJsonString()));
    }

    [Fact]
    public async Task Jobs_are_found_by_task_state_lifecycle_caller_and_time()
    {
        var (good, bad) = (await server.ImportAsync("echo '[]'"), await server.ImportAsync(Fails));
        var first = await RunAsync(good, "[]");
        var failed = await RunAsync(bad, "[]");
        var second = await RunAsync(good, "[]", TestServer.Ops);
        var tasks = $"where[task_id][]={good["id"]}&where[task_id][1]={bad["id"]}";
        Assert.Equal([second, failed, first], IdsOf(await ListAsync(tasks)));
        Assert.Equal([second, first], IdsOf(await ListAsync($"where[task_id]={good["id"]}")));
        Assert.Equal([failed], IdsOf(await ListAsync($"{tasks}&where[state]=failure")));
        Assert.Equal([second, failed, first], IdsOf(await ListAsync($"{tasks}&where[state][]=failure&where[state][]=success")));
        Assert.Equal([second, failed, first], IdsOf(await ListAsync($"{tasks}&where[lifecycle]=finished")));
        Assert.Empty(await ListAsync($"{tasks}&where[lifecycle]=canceled"));
        Assert.Empty(await ListAsync($"{tasks}&where[state]=unheard-of"));
        Assert.Equal([second], IdsOf(await ListAsync($"{tasks}&where[user.username]=otto")));
        Assert.Equal([failed, first], IdsOf(await ListAsync($"{tasks}&where[user.username]=uma")));
        Assert.Equal([first, failed, second], IdsOf(await ListAsync($"{tasks}&sort[creation_date]=1")));

        var rows = await ListAsync(tasks);
        var calledAt = DateTimeOffset.Parse(rows[1]!["creation_date"]!.GetValue<string>(), CultureInfo.InvariantCulture);
        var (before, after) = (Escaped(calledAt), Escaped(calledAt.AddMilliseconds(1)));
        Assert.Equal([second, failed], IdsOf(await ListAsync($"{tasks}&since={before}")));
        Assert.Equal([first], IdsOf(await ListAsync($"{tasks}&until={before}")));
        Assert.Equal([failed], IdsOf(await ListAsync($"{tasks}&since={before}&until={after}")));
    }

    [Fact]
    public async Task The_jobs_that_run_a_job_again_are_found_and_may_be_skipped_into()
    {
        var task = await server.ImportAsync("echo '[]'");
        var first = await RunAsync(task, "[]");
        var repeats = new List<string>();
        for (var count = 0; count < 3; count++)
        {
            using var restarted = await server.SendAsync(HttpMethod.Put, $"/acme/job/{first}/restart");
            repeats.Insert(0, restarted.Headers.GetValues("Job-Id").Single());
            using var ended = await server.SendAsync(HttpMethod.Get, $"/acme/job/{repeats[0]}/result");
            await RunAsync(task, "[]");
        }

        Assert.Equal(repeats, IdsOf(await ListAsync($"where[restarted_from]={first}")));
        Assert.Equal(repeats, IdsOf(await ListAsync($"where[task_id]={task["id"]}&where[restarted_from]={first}")));
        Assert.Equal(repeats[1..2], IdsOf(await ListAsync($"where[restarted_from]={first}&skip=1&limit=1")));
        Assert.Equal(repeats[2..], IdsOf(await ListAsync($"where[restarted_from]={first}&skip=2")));
        Assert.Empty(await ListAsync($"where[restarted_from]={repeats[0]}"));
    }

    [Fact]
    public async Task A_list_may_be_skipped_into_and_cut_off()
    {
        var task = await server.ImportAsync("echo '[]'", task: new { type = "dummy" });
        var jobs = new List<string>();
        for (var count = 0; count < 5; count++)
        {
            jobs.Insert(0, await RunAsync(task, "[]"));
        }

        Assert.Equal(jobs[..2], IdsOf(await ListAsync($"where[task_id]={task["id"]}&limit=2")));
        Assert.Equal(jobs[1..4], IdsOf(await ListAsync($"where[task_id]={task["id"]}&limit=3&skip=1")));
        Assert.Equal(jobs[4..], IdsOf(await ListAsync($"where[task_id]={task["id"]}&skip=4")));
        Assert.Empty(await ListAsync($"where[task_id]={task["id"]}&skip=1000000"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("&sort[creation_date]=1")]
    public async Task Pages_by_cursor_neither_repeat_nor_leave_out_a_job_while_others_are_called(string sort)
    {
        var task = await server.ImportAsync("echo '[]'", task: new { type = "dummy" });
        var before = new List<string>();
        for (var count = 0; count < 7; count++)
        {
            before.Add(await RunAsync(task, "[]"));
        }

        var found = new List<string>();
        var cursor = "";
        do
        {
            using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job?where[task_id]={task["id"]}&limit=2{sort}{cursor}");
            found.AddRange(IdsOf(JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsArray()));
            cursor = response.Headers.TryGetValues("Next-Cursor", out var next) ? $"&cursor={next.Single()}" : "";

            // Not for ever: those that come are listed as well, if the oldest come first.
            if (found.Count < 7)
            {
                await RunAsync(task, "[]");
            }
        }
        while (cursor.Length > 0);
        Assert.Equal(found.Distinct(), found);
        Assert.Equal(before.Order(), found.Intersect(before).Order());
        Assert.Equal(sort.Length == 0, found.Count == before.Count);
    }

    [Fact]
    public async Task An_access_list_holds_for_each_row()
    {
        var open = await server.ImportAsync("echo '[]'");
        var ops = await server.ImportAsync("echo '[]'", task: new { acl = new[] { "team:ops" } });
        var (everyones, theirs) = (await RunAsync(open, "[]"), await RunAsync(ops, "[]", TestServer.Ops));
        await RunAsync(ops, "[]", TestServer.Ops);
        var last = await RunAsync(ops, "[]", TestServer.Ops);
        var tasks = $"where[task_id][]={open["id"]}&where[task_id][]={ops["id"]}";
        Assert.Equal([everyones], IdsOf(await ListAsync(tasks)));
        Assert.Equal([everyones], IdsOf(await ListAsync(tasks, TestServer.Viewer)));
        Assert.Equal([everyones], IdsOf(await ListAsync($"{tasks}&limit=1")));
        Assert.Equal(4, (await ListAsync(tasks, TestServer.Ops)).Count);
        Assert.Equal([last], IdsOf(await ListAsync($"{tasks}&limit=1", TestServer.Ops)));
        Assert.Equal([theirs, everyones], IdsOf(await ListAsync($"{tasks}&skip=2", TestServer.Admin)));

        // What is passed over counts only if it could be seen.
        Assert.Empty(await ListAsync($"{tasks}&skip=1"));
    }

    [Fact]
    public async Task Running_jobs_are_listed_and_counted_by_task_and_not_when_they_have_ended()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var secret = await server.ImportAsync(gate.Script, task: new { acl = new[] { "team:ops" } });
        string[] jobs = [await StartAsync(task), await StartAsync(task)];
        await StartAsync(secret, TestServer.Ops);
        await TestServer.UntilAsync(() => gate.Runs == 3);
        Assert.Equal(jobs.Reverse(), IdsOf(await ListAsync($"where[task_id]={task["id"]}", path: "/job/running")));
        Assert.Equal(jobs.Reverse(), IdsOf(await ListAsync($"where[task_id]={task["id"]}", path: "/acme/job/running")));
        Assert.Equal([jobs[1]], IdsOf(await ListAsync($"where[task_id]={task["id"]}&limit=1", path: "/job/running")));
        Assert.Equal(jobs.Reverse(), IdsOf(await ListAsync($"where[task_id]={task["id"]}&where[lifecycle]=assigned&where[state]=in_progress")));
        Assert.Empty(await ListAsync($"where[task_id]={task["id"]}&where[lifecycle]=finished", path: "/job/running"));
        Assert.Equal((2, null), (await CountAsync(task), await CountAsync(secret)));
        Assert.Equal((2, 1), (await CountAsync(task, TestServer.Admin), await CountAsync(secret, TestServer.Ops)));
        gate.Open();
        foreach (var job in jobs)
        {
            using var ended = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        }

        Assert.Empty(await ListAsync($"where[task_id]={task["id"]}", path: "/job/running"));
        Assert.Null(await CountAsync(task));
        Assert.Equal(jobs.Reverse(), IdsOf(await ListAsync($"where[task_id]={task["id"]}&where[state]=success")));
    }

    [Fact]
    public async Task Members_may_be_chosen()
    {
        var task = await server.ImportAsync("echo '[]'");
        var job = await RunAsync(task, "[]");
        Assert.Equal(
            $$"""[{"id":"{{job}}","state":"success"}]""",
            (await ListAsync($"where[task_id]={task["id"]}&include[state]=1&include[output]=1")).ToJsonString());
        var row = (await ListAsync($"where[task_id]={task["id"]}&include[state]=0&include[id]=0"))[0]!.AsObject();
        Assert.False(row.ContainsKey("state") || row.ContainsKey("id"));
        Assert.True(row.ContainsKey("lifecycle"));
    }

    [Fact]
    public async Task The_jobs_of_another_customer_are_not_listed()
    {
        var task = await server.ImportAsync("echo '[]'");
        await RunAsync(task, "[]");
        using var refused = await server.SendAsync(HttpMethod.Get, "/acme/job", TestServer.Stranger);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Empty(await ListAsync($"where[task_id]={task["id"]}", TestServer.Stranger, "/globex/job"));
        using var other = await server.SendAsync(HttpMethod.Get, "/job/running?customer=acme", TestServer.Stranger);
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
    }

    [Theory]
    [InlineData("where[state][$ne]=success")]
    [InlineData("where[state][$regex]=.*")]
    [InlineData("where[$where]=sleep(1000)")]
    [InlineData("where={\"state\":\"failure\"}")]
    [InlineData("where[name]=x")]
    [InlineData("where[state")]
    [InlineData("where[state][0][0]=success")]
    [InlineData("where[]=x")]
    [InlineData("sort[creation_date]=2")]
    [InlineData("sort[output]=1")]
    [InlineData("sort=creation_date")]
    [InlineData("include[state]=2")]
    [InlineData("include[state][$slice]=1")]
    [InlineData("limit=-1")]
    [InlineData("limit=0")]
    [InlineData("limit=1e3")]
    [InlineData("limit=99999999999999999999")]
    [InlineData("limit=1&limit=2")]
    [InlineData("limit=%D9%A1")]
    [InlineData("skip=1000001")]
    [InlineData("skip=x")]
    [InlineData("skip=1&cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("cursor=")]
    [InlineData("cursor=x")]
    [InlineData("cursor=AAAA")]
    [InlineData("cursor=__________________________8")]
    [InlineData("cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAA&cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("since=yesterday")]
    [InlineData("until=")]
    public async Task What_a_list_does_not_know_is_refused(string query)
    {
        foreach (var path in (string[])["/acme/job", "/job/running"])
        {
            using var response = await server.SendAsync(HttpMethod.Get, $"{path}?{query}");
            Assert.Equal((path, HttpStatusCode.BadRequest), (path, response.StatusCode));
        }
    }

    [Theory]
    [InlineData("limit=999999999")]
    [InlineData("since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z")]
    [InlineData("since=9999-12-31T23:59:59Z")]
    [InlineData("until=0001-01-01T00:00:00Z")]
    [InlineData("cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("cursor=f_________________________8")]
    [InlineData("cursor=f_________________________8&sort[creation_date]=1")]
    public async Task What_is_far_off_is_answered(string query)
    {
        using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job?where[task_id]=nope&{query}");
        Assert.Equal((HttpStatusCode.OK, "[]"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    private static string Escaped(DateTimeOffset time) => Uri.EscapeDataString(time.ToString("O", CultureInfo.InvariantCulture));

    private static IEnumerable<string> IdsOf(JsonArray jobs) => jobs.Select(job => job!["id"]!.GetValue<string>());

    private async Task<JsonArray> ListAsync(string query, string token = TestServer.User, string path = "/acme/job")
    {
        using var response = await server.SendAsync(HttpMethod.Get, $"{path}?{query}", token);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!.AsArray();
    }

    private async Task<int?> CountAsync(JsonNode task, string token = TestServer.User) => (int?)(await ListAsync("", token, "/job/running_count"))
        .SingleOrDefault(one => one!["_id"]!["task"]!.GetValue<string>() == task["id"]!.GetValue<string>())?["count"];

    /// <summary>Runs a task to its end; the job's id.</summary>
    private async Task<string> RunAsync(JsonNode task, string json, string token = TestServer.User)
    {
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", token, json);
        return response.Headers.GetValues("Job-Id").Single();
    }

    private async Task<string> StartAsync(JsonNode task, string token = TestServer.User)
    {
        using var response = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/job", token, "[]", headers: [("Prefer", "respond-async")]);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return response.Headers.GetValues("Job-Id").Single();
    }
}

[Collection(SharedServer.Name)]
public sealed class OwnJobListTests(TestServer server) : JobListTests(server);

[Collection(SharedClusterServer.Name)]
public sealed class ClusterJobListTests(ClusterTestServer server) : JobListTests(server);
