using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Tasks;

/// <summary>Tasks that are called by their names.</summary>
[Collection(SharedServer.Name)]
public sealed class TaskNameTests(TestServer server)
{
    private readonly string _name = $"name-{Guid.NewGuid():N}";

    [Fact]
    public async Task A_task_is_called_shown_and_deleted_by_a_name_that_no_other_has()
    {
        var task = await ImportAsync();

        Assert.Equal((HttpStatusCode.OK, """["ran"]"""), await SendAsync(HttpMethod.Post, "/job", TestServer.User));
        Assert.Equal((HttpStatusCode.OK, """["ran"]"""), await SendAsync(HttpMethod.Post, $"/secret/{task["secret"]}/job", token: null));
        var (_, shown) = await SendAsync(HttpMethod.Get, "", TestServer.Viewer);
        Assert.Equal(task["id"]!.GetValue<string>(), JsonNode.Parse(shown)!["id"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Delete, "", TestServer.Admin)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Post, "/job", TestServer.User)).Status);
        Assert.Equal(404, (await server.CallAsync(task)).Status);
    }

    [Fact]
    public async Task A_name_that_several_tasks_have_is_none_until_one_is_left()
    {
        var first = await ImportAsync();
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, "/job", TestServer.User)).Status);

        await ImportAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Post, "/job", TestServer.User)).Status);

        using var deleted = await server.SendAsync(HttpMethod.Delete, $"/acme/task/{first["id"]}", TestServer.Admin);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, "/job", TestServer.User)).Status);
    }

    [Fact]
    public async Task A_name_of_another_customers_task_is_none()
    {
        await ImportAsync();

        using var foreign = await server.SendAsync(HttpMethod.Post, $"/globex/task/{_name}/job", TestServer.Stranger, "[]");

        Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_by_name_gets_the_first_answer()
    {
        await ImportAsync("date +[%s%N]");

        var first = await SendAsync(HttpMethod.Post, "/job", TestServer.User, ("Idempotency-Key", _name));
        var second = await SendAsync(HttpMethod.Post, "/job", TestServer.User, ("Idempotency-Key", _name));

        Assert.Equal(HttpStatusCode.OK, first.Status);
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task A_call_by_name_that_was_followed_goes_on_where_it_was()
    {
        await ImportAsync();
        using var called = await server.SendAsync(HttpMethod.Post, $"/acme/task/{_name}/job", TestServer.User, "[]");
        var job = called.Headers.GetValues("Job-Id").Single();

        using var followed = await server.SendAsync(
            HttpMethod.Post,
            $"/acme/task/{_name}/job",
            TestServer.User,
            "[]",
            headers: [("Accept", "text/event-stream"), ("Last-Event-ID", $"{job}..0")]);

        Assert.Equal((HttpStatusCode.OK, job), (followed.StatusCode, followed.Headers.GetValues("Job-Id").Single()));
        Assert.Contains("event: result", await followed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private Task<JsonNode> ImportAsync(string script = "echo '[\"ran\"]'") => server.ImportAsync(script, task: new { name = _name });

    private async Task<(HttpStatusCode Status, string Body)> SendAsync(
        HttpMethod method, string path, string? token, params (string Name, string Value)[] headers)
    {
        var body = method == HttpMethod.Post ? "[]" : null;
        using var response = await server.SendAsync(method, $"/acme/task/{_name}{path}", token, body, headers: headers);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
