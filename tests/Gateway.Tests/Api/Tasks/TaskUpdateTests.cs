using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Tasks;

/// <summary>A task that is updated in place, at a server that runs one script at a time.</summary>
public sealed class TaskUpdateTests(TaskUpdateTests.OneByOneServer server) : IClassFixture<TaskUpdateTests.OneByOneServer>
{
    [Fact]
    public async Task An_update_keeps_the_id_and_the_secret_and_the_next_call_runs_the_new_version()
    {
        var task = await server.ImportAsync(Says("old"), task: new { name = "first", env = new { KEY = "old" } });
        var (status, updated) = await PutAsync(task, Recipe(Says("new"), new { name = "second", env = new { KEY = "new" }, timeout = 30_000 }));
        Assert.Equal(200, status);
        Assert.Equal(
            ($"{task["id"]}", "second", 30_000, $"{task["creation_date"]}"),
            ($"{updated["id"]}", $"{updated["name"]}", (int)updated["timeout"]!, $"{updated["creation_date"]}"));
        Assert.Null(updated["secret"]);
        Assert.Equal((200, """["new new"]"""), await server.CallAsync(task));
        using var bySecret = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/secret/{task["secret"]}/job", token: null, "[]");
        Assert.Equal("""["new new"]""", await bySecret.Content.ReadAsStringAsync());
        using var shown = await server.SendAsync(HttpMethod.Get, $"/acme/task/{task["id"]}", TestServer.Viewer);
        Assert.Equal(updated.ToJsonString(), JsonNode.Parse(await shown.Content.ReadAsStringAsync())!.ToJsonString());
    }

    [Fact]
    public async Task A_job_that_runs_and_one_that_is_queued_keep_the_version_that_they_were_called_with()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync($"{gate.Script}; {Says("old")}", task: new { env = new { KEY = "old" } });
        var running = server.CallAsync(task);
        await TestServer.UntilAsync(() => gate.Runs == 1);
        var queued = server.CallAsync(task);
        await TestServer.UntilAsync(async () => await CountQueuedAsync(task) == 1, "a job is queued");
        for (var version = 1; version <= 6; version++)
        {
            Assert.Equal(200, (await PutAsync(task, Recipe(Says($"new-{version}"), new { env = new { KEY = $"{version}" } }))).Status);
        }

        // Not even the kind of the task has to stay.
        Assert.Equal(200, (await PutAsync(task, """{"task":{"name":"now a dummy","type":"dummy","task_arguments":[{"order":0}]}}""")).Status);
        var next = server.CallAsync(task, """["an argument"]""");
        gate.Open();
        Assert.Equal((200, """["old old"]"""), await running);
        Assert.Equal((200, """["old old"]"""), await queued);
        Assert.Equal((200, """["an argument"]"""), await next);
    }

    [Fact]
    public async Task The_next_call_and_the_next_reader_find_the_new_access_list()
    {
        var task = await server.ImportAsync(Says("x"));
        Assert.Equal(200, (await server.CallAsync(task)).Status);
        Assert.Equal(200, (await PutAsync(task, Recipe(Says("x"), new { acl = new[] { "team:ops" } }))).Status);
        Assert.Equal(403, (await server.CallAsync(task)).Status);
        Assert.Equal(200, (await server.CallAsync(task, token: TestServer.Ops)).Status);
        using var shown = await server.SendAsync(HttpMethod.Get, $"/acme/task/{task["id"]}", TestServer.Viewer);
        Assert.Equal(HttpStatusCode.Forbidden, shown.StatusCode);
        Assert.Equal(200, (await PutAsync(task, Recipe(Says("x")))).Status);
        Assert.Equal(200, (await server.CallAsync(task)).Status);
    }

    [Theory]
    [InlineData(null, 401)]
    [InlineData(TestServer.Viewer, 403)]
    [InlineData(TestServer.User, 403)]
    [InlineData("manager-token", 403)]
    [InlineData(TestServer.Stranger, 403)]
    [InlineData("integration-token", 200)]
    [InlineData(TestServer.Admin, 200)]
    public async Task Who_may_import_may_update(string? token, int status)
    {
        var task = await server.ImportAsync(Says("old"));
        Assert.Equal(status, (await PutAsync(task, Recipe(Says("new")), token)).Status);
        Assert.Equal((200, status == 200 ? """["new "]""" : """["old "]"""), await server.CallAsync(task));
    }

    [Fact]
    public async Task The_token_may_stand_in_the_body()
    {
        var task = await server.ImportAsync(Says("old"));
        var recipe = JsonNode.Parse(Recipe(Says("new")))!;
        recipe["access_token"] = TestServer.Admin;
        Assert.Equal(200, (await PutAsync(task, recipe.ToJsonString(), token: null)).Status);
    }

    [Fact]
    public async Task A_task_that_is_not_there_or_is_another_customers_is_a_404_and_is_not_made()
    {
        var task = await server.ImportAsync(Says("old"));
        using var foreign = await server.SendAsync(HttpMethod.Put, $"/globex/task/{task["id"]}", TestServer.Stranger, Recipe(Says("new")));
        using var unknown = await server.SendAsync(HttpMethod.Put, "/acme/task/nope", TestServer.Admin, Recipe(Says("new")));
        using var invalid = await server.SendAsync(HttpMethod.Put, "/acme/task/no.id", TestServer.Admin, Recipe(Says("new")));
        using var deleted = await server.SendAsync(HttpMethod.Delete, $"/acme/task/{task["id"]}", TestServer.Admin);
        var (gone, _) = await PutAsync(task, Recipe(Says("new")));
        Assert.Equal((404, 404, 404, 204, 404), ((int)foreign.StatusCode, (int)unknown.StatusCode, (int)invalid.StatusCode, (int)deleted.StatusCode, gone));
        using var shown = await server.SendAsync(HttpMethod.Get, $"/acme/task/{task["id"]}", TestServer.Admin);
        using var other = await server.SendAsync(HttpMethod.Get, $"/globex/task/{task["id"]}", TestServer.Stranger);
        Assert.Equal((404, 404), ((int)shown.StatusCode, (int)other.StatusCode));
    }

    [Theory]
    [InlineData("{", 400)]
    [InlineData("[]", 400)]
    [InlineData("""{"task":{"name":"w","type":"workflow"}}""", 422)]
    [InlineData("""{"task":{"name":"","type":"dummy"}}""", 422)]
    public async Task A_recipe_that_can_not_be_used_leaves_the_task_as_it_is(string recipe, int status)
    {
        var task = await server.ImportAsync(Says("old"));
        Assert.Equal(status, (await PutAsync(task, recipe)).Status);
        Assert.Equal((200, """["old "]"""), await server.CallAsync(task));
    }

    [Fact]
    public async Task An_import_with_update_makes_a_task_once_and_then_updates_it()
    {
        using var other = await server.SendAsync(HttpMethod.Post, "/globex/task/import", TestServer.Stranger, Recipe(Says("globex"), new { name = "by name" }));
        var first = await ImportWithUpdateAsync(Recipe(Says("one"), new { name = "by name" }));
        var second = await ImportWithUpdateAsync(Recipe(Says("two"), new { name = "by name" }));
        var differs = await ImportWithUpdateAsync(Recipe(Says("three"), new { name = "By Name" }));
        Assert.Equal((201, 200, 201), (first.Status, second.Status, differs.Status));
        Assert.Equal($"{first.Task["id"]}", $"{second.Task["id"]}");
        Assert.NotNull(first.Task["secret"]);
        Assert.Null(second.Task["secret"]);
        Assert.Equal((200, """["two "]"""), await server.CallAsync(first.Task));
        Assert.Equal((200, """["three "]"""), await server.CallAsync(differs.Task));
        var foreign = JsonNode.Parse(await other.Content.ReadAsStringAsync())!;
        using var unchanged = await server.SendAsync(HttpMethod.Post, $"/globex/task/{foreign["id"]}/job", TestServer.Stranger, "[]");
        Assert.Equal("""["globex "]""", await unchanged.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task An_import_with_update_changes_nothing_where_several_tasks_have_the_name()
    {
        var tasks = new[] { await server.ImportAsync(Says("1"), task: new { name = "twice" }), await server.ImportAsync(Says("2"), task: new { name = "twice" }) };
        var (status, _) = await ImportWithUpdateAsync(Recipe(Says("3"), new { name = "twice" }));
        Assert.Equal(409, status);
        Assert.Equal((200, """["1 "]"""), await server.CallAsync(tasks[0]));
        Assert.Equal((200, """["2 "]"""), await server.CallAsync(tasks[1]));

        // By its id each can be updated, and names may be the same.
        Assert.Equal(200, (await PutAsync(tasks[1], Recipe(Says("3"), new { name = "twice" }))).Status);
    }

    private static string Says(string word) => $$"""printf '["{{word}} %s"]\n' "$KEY" """;

    private static string Recipe(string script, object? task = null)
    {
        var recipe = JsonSerializer.SerializeToNode(new
        {
            task = new { name = "a task", type = "script", script_runas = "sh %script%", timeout = 60_000 },
            file = new { filename = "script.sh", data = Convert.ToBase64String(Encoding.UTF8.GetBytes(script)) },
        })!;
        foreach (var (name, value) in JsonSerializer.SerializeToNode(task ?? new { })!.AsObject().ToArray())
        {
            recipe["task"]![name] = value?.DeepClone();
        }

        return recipe.ToJsonString();
    }

    private async Task<(int Status, JsonNode Task)> PutAsync(JsonNode task, string recipe, string? token = TestServer.Admin)
    {
        using var response = await server.SendAsync(HttpMethod.Put, $"/acme/task/{task["id"]}", token, recipe);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    private async Task<int> CountQueuedAsync(JsonNode task)
    {
        using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job?where[task_id]={task["id"]}&where[lifecycle]=ready");
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsArray().Count;
    }

    private async Task<(int Status, JsonNode Task)> ImportWithUpdateAsync(string recipe)
    {
        using var response = await server.SendAsync(HttpMethod.Post, "/acme/task/import?update", TestServer.Admin, recipe);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    public sealed class OneByOneServer : TestServer
    {
        protected override string[] Settings => ["--LocalExecutor:Concurrency=1", "--Limits:FailedAuthentications=0"];
    }
}
