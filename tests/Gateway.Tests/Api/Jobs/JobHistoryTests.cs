using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Jobs;

/// <summary>Restarting, looking into and removing the jobs that a server has itself.</summary>
public abstract class JobHistoryTests(TestServer server)
{
    private const string Echo = """printf '["%s"]\n' "$1" """;

    private static readonly object OneArgument = new
    {
        task_arguments = new[] { new { order = 0, type = "input", label = "what" } },
        arguments_type = "json",
    };

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    public async Task A_job_is_restarted_with_the_same_arguments_as_a_new_one_that_names_it(string? body)
    {
        var task = await server.ImportAsync(Echo, task: OneArgument);
        var old = await RunAsync(task, """["a \"word\""]""");
        using var response = await server.SendAsync(HttpMethod.Put, $"/acme/job/{old}/restart", json: body);
        var document = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal((HttpStatusCode.OK, old), (response.StatusCode, (string?)document["restarted_from"]));
        var job = (string)document["id"]!;
        Assert.NotEqual(old, job);
        Assert.Equal(job, response.Headers.GetValues("Job-Id").Single());
        var (before, after) = (await ReadAsync(old), await ReadAsync(job));
        Assert.Equal(before["task_arguments_values"]!.ToJsonString(), after["task_arguments_values"]!.ToJsonString());
        Assert.Equal(("success", before["output"]!.ToJsonString()), ((string?)after["state"], after["output"]!.ToJsonString()));
        Assert.Equal((old, null), ((string?)after["restarted_from"], (string?)before["restarted_from"]));
    }

    [Fact]
    public async Task A_job_is_restarted_with_other_arguments()
    {
        var task = await server.ImportAsync(Echo, task: OneArgument);
        var old = await RunAsync(task, "[1]");
        var job = await RestartAsync(old, """{"task_arguments":[2]}""");
        Assert.Equal("""["2"]""", (await ReadAsync(job))["output"]!.ToJsonString());
        using var few = await server.SendAsync(HttpMethod.Put, $"/acme/job/{old}/restart", json: """{"task_arguments":[]}""");
        Assert.Equal(HttpStatusCode.BadRequest, few.StatusCode);
    }

    [Fact]
    public async Task A_repeat_of_a_restart_runs_nothing_more_and_a_restart_without_key_does()
    {
        var task = await server.ImportAsync(Echo, task: OneArgument);
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        using var call = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[1]", headers: key);
        var old = call.Headers.GetValues("Job-Id").Single();
        string[] jobs =
        [
            await RestartAsync(old, null, key), await RestartAsync(old, null, key), await RestartAsync(old, null), await RestartAsync(old, null),
        ];
        Assert.Equal(jobs[0], jobs[1]);
        Assert.Equal(4, jobs.Append(old).Distinct().Count());
        using var other = await server.SendAsync(HttpMethod.Put, $"/acme/job/{old}/restart", json: """{"task_arguments":[2]}""", headers: key);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        using var listed = await server.SendAsync(HttpMethod.Get, $"/acme/job?where[task_id]={task["id"]}");
        Assert.Equal(4, JsonNode.Parse(await listed.Content.ReadAsStringAsync())!.AsArray().Count);
    }

    [Fact]
    public async Task Only_an_ended_job_that_the_caller_may_see_is_restarted()
    {
        var gate = new AttachTests.Gate(server);
        var running = await server.ImportAsync(gate.Script);
        using var started = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{running["id"]}/job", json: "[]", headers: ("Prefer", "respond-async"));
        using var early = await server.SendAsync(HttpMethod.Put, $"/acme/job/{started.Headers.GetValues("Job-Id").Single()}/restart");
        gate.Open();
        var ops = await server.ImportAsync("echo '[]'", task: new { acl = new[] { "team:ops" } });
        var theirs = await RunAsync(ops, "[]", TestServer.Ops);
        Assert.Equal(
            [
                HttpStatusCode.Conflict, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.NotFound,
                HttpStatusCode.NotFound,
            ],
            [
                early.StatusCode,
                await StatusAsync(HttpMethod.Put, $"/acme/job/{theirs}/restart"),
                await StatusAsync(HttpMethod.Put, $"/acme/job/{theirs}/restart", TestServer.Viewer),
                await StatusAsync(HttpMethod.Put, $"/acme/job/{theirs}/restart", TestServer.Stranger),
                await StatusAsync(HttpMethod.Put, $"/globex/job/{theirs}/restart", TestServer.Stranger),
                await StatusAsync(HttpMethod.Put, "/acme/job/nope/restart"),
            ]);
    }

    [Fact]
    public async Task A_jobs_input_is_shown_to_those_who_may_see_the_job()
    {
        var task = await server.ImportAsync(Echo, task: OneArgument);
        var job = await RunAsync(task, """["a"]""");
        foreach (var path in (string[])[$"/acme/job/{job}/input", $"/job/{job}/input"])
        {
            using var input = await server.SendAsync(HttpMethod.Get, path, TestServer.Viewer);
            Assert.Equal(
                (await ReadAsync(job))["task_arguments_values"]!.ToJsonString(),
                JsonNode.Parse(await input.Content.ReadAsStringAsync())!.ToJsonString());
            using var defined = await server.SendAsync(HttpMethod.Get, $"{path}?include_definitions", TestServer.Viewer);
            var definitions = JsonNode.Parse(await defined.Content.ReadAsStringAsync())!;
            Assert.Equal("what", (string?)definitions["task"]!["task_arguments"]![0]!["label"]);
        }

        var ops = await server.ImportAsync("echo '[]'", task: new { acl = new[] { "team:ops" } });
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Get, $"/acme/job/{await RunAsync(ops, "[]", TestServer.Ops)}/input"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Get, $"/job/{job}/input", TestServer.Stranger));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Get, "/job/nope/input"));
    }

    [Fact]
    public async Task An_old_job_is_removed_by_an_administrator_and_is_in_no_list_then()
    {
        var task = await server.ImportAsync("echo '[]'");
        string[] jobs = [await RunAsync(task, "[]"), await RunAsync(task, "[]")];
        Assert.Equal(HttpStatusCode.Conflict, await StatusAsync(HttpMethod.Delete, $"/acme/job/{jobs[0]}", TestServer.Admin));
        await server.AgeJobAsync("acme", jobs[0]);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Delete, $"/acme/job/{jobs[0]}"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Delete, $"/acme/job/{jobs[0]}", TestServer.Stranger));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Delete, $"/globex/job/{jobs[0]}", TestServer.Stranger));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(HttpMethod.Delete, $"/acme/job/{jobs[0]}", TestServer.Admin));
        using var listed = await server.SendAsync(HttpMethod.Get, $"/acme/job?where[task_id]={task["id"]}&include[state]=1");
        Assert.Equal($$"""[{"id":"{{jobs[1]}}","state":"success"}]""", await listed.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_old_jobs_of_a_task_are_removed_and_those_that_wait_if_that_is_asked_for()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script, task: new { multitasking = false });
        gate.Open();
        var (old, recent) = (await RunAsync(task, "[]"), await RunAsync(task, "[]"));
        var other = await server.ImportAsync("echo '[]'");
        var others = await RunAsync(other, "[]");
        await server.AgeJobAsync("acme", old);
        await server.AgeJobAsync("acme", others);
        Assert.Equal("""{"deletedCount":1}""", await RemoveAsync(task, ""));
        Assert.Equal("""{"deletedCount":0}""", await RemoveAsync(task, "?lifecycle[]=finished"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, $"/acme/job/{recent}"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, $"/acme/job/{others}"));

        File.Delete(gate.Path);
        using var running = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: ("Prefer", "respond-async"));
        await TestServer.UntilAsync(() => gate.Runs == 3);
        var waiting = server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]");
        await TestServer.UntilAsync(async () => (await ListAsync($"where[task_id]={task["id"]}&where[lifecycle]=ready")).Count == 1);
        Assert.Equal("""{"deletedCount":0}""", await RemoveAsync(task, ""));
        Assert.Equal("""{"deletedCount":1}""", await RemoveAsync(task, "?lifecycle[]=ready"));
        using var told = await waiting;
        Assert.Equal(HttpStatusCode.InternalServerError, told.StatusCode);
        gate.Open();
        using var goesOn = await server.SendAsync(HttpMethod.Get, $"/acme/job/{running.Headers.GetValues("Job-Id").Single()}/result");
        Assert.Equal((HttpStatusCode.OK, 3), (goesOn.StatusCode, gate.Runs));
        Assert.Equal(
            [HttpStatusCode.BadRequest, HttpStatusCode.BadRequest, HttpStatusCode.Forbidden],
            [
                await StatusAsync(HttpMethod.Delete, $"/acme/task/{task["id"]}/job?lifecycle[]=assigned", TestServer.Admin),
                await StatusAsync(HttpMethod.Delete, $"/acme/task/{task["id"]}/job?lifecycle[]=$ne", TestServer.Admin),
                await StatusAsync(HttpMethod.Delete, $"/acme/task/{task["id"]}/job", TestServer.User),
            ]);
    }

    [Fact]
    public async Task A_users_old_jobs_are_removed_of_all_tasks_or_of_one()
    {
        var (task, other) = (await server.ImportAsync("echo '[]'"), await server.ImportAsync("echo '[]'"));
        var (ofUser, ofOther) = (await RunAsync(task, "[]"), await RunAsync(other, "[]"));
        var recent = await RunAsync(task, "[]");
        string[] ofOps = [await RunAsync(task, "[]", TestServer.Ops), await RunAsync(other, "[]", TestServer.Ops)];
        foreach (var job in (string[])[ofUser, ofOther, .. ofOps])
        {
            await server.AgeJobAsync("acme", job);
        }

        var user = (string)(await ReadAsync(ofUser))["user"]!["username"]!;
        var ops = (string)(await ReadAsync(ofOps[0]))["user"]!["username"]!;
        Assert.NotEqual(user, ops);
        string[] refused =
        [
            "/acme/job", "/acme/job?caller=", $"/acme/job?caller={user}&caller={ops}", $"/acme/job?caller={user}&lifecycle[]=assigned",
            $"/acme/task/{task["id"]}/job?caller=",
        ];
        foreach (var path in refused)
        {
            Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(HttpMethod.Delete, path, TestServer.Admin));
        }

        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Delete, $"/acme/job?caller={user}"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Delete, $"/acme/job?caller={user}", TestServer.Stranger));
        Assert.Equal("""{"deletedCount":1}""", await RemoveAsync(task, $"?caller={ops}"));
        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.OK], [await ShownAsync(ofOps[0]), await ShownAsync(ofOps[1])]);

        // Other tests have jobs of the same users: only a count of their own would be theirs alone.
        using var removed = await server.SendAsync(HttpMethod.Delete, $"/acme/job?caller={ops}", TestServer.Admin);
        Assert.Matches("""^\{"deletedCount":[1-9][0-9]*\}$""", await removed.Content.ReadAsStringAsync());
        Assert.Equal(
            [HttpStatusCode.NotFound, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK],
            [await ShownAsync(ofOps[1]), await ShownAsync(ofUser), await ShownAsync(ofOther), await ShownAsync(recent)]);

        Task<HttpStatusCode> ShownAsync(string job) => StatusAsync(HttpMethod.Get, $"/acme/job/{job}");
    }

    [Fact]
    public async Task A_client_need_not_name_its_customer()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var started = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: ("Prefer", "respond-async"));
        var job = started.Headers.GetValues("Job-Id").Single();
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Put, $"/job/{job}/cancel", TestServer.Stranger));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(HttpMethod.Put, $"/job/{job}/cancel"));
        using var tasks = await server.SendAsync(HttpMethod.Get, "/task", TestServer.Viewer);
        Assert.Contains((string)task["id"]!, await tasks.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Get, "/task?customer=globex"));
    }

    private async Task<HttpStatusCode> StatusAsync(HttpMethod method, string path, string token = TestServer.User)
    {
        using var response = await server.SendAsync(method, path, token);
        return response.StatusCode;
    }

    private async Task<string> RestartAsync(string job, string? body, params (string Name, string Value)[] headers)
    {
        using var response = await server.SendAsync(HttpMethod.Put, $"/acme/job/{job}/restart", json: body, headers: headers);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response.Headers.GetValues("Job-Id").Single();
    }

    private async Task<string> RemoveAsync(JsonNode task, string query)
    {
        using var response = await server.SendAsync(HttpMethod.Delete, $"/acme/task/{task["id"]}/job{query}", TestServer.Admin);
        return await response.Content.ReadAsStringAsync();
    }

    private async Task<JsonArray> ListAsync(string query)
    {
        using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job?{query}");
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsArray();
    }

    /// <summary>The job's document when it has ended.</summary>
    private async Task<JsonNode> ReadAsync(string job)
    {
        using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result?full");
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    private async Task<string> RunAsync(JsonNode task, string json, string token = TestServer.User)
    {
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", token, json);
        return response.Headers.GetValues("Job-Id").Single();
    }
}

[Collection(SharedServer.Name)]
public sealed class OwnJobHistoryTests(TestServer server) : JobHistoryTests(server);

[Collection(SharedClusterServer.Name)]
public sealed class ClusterJobHistoryTests(ClusterTestServer server) : JobHistoryTests(server);
