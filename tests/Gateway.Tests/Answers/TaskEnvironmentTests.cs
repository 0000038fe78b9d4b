using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Api.Events;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Answers;

/// <summary>
/// Who is shown the values of a task's environment, which may be secrets: wherever a job's document is in an answer, while it runs and after its end.
/// </summary>
public abstract class TaskEnvironmentTests(TestServer server)
{
    protected const string Values = """{"KEY":"the-hidden-value","EMPTY":""}""";
    protected const string NamesOnly = """{"KEY":"","EMPTY":""}""";

    /// <summary>What those below an administrator see; administrators see <see cref="Values"/>.</summary>
    protected abstract string ShownToOthers { get; }

    [Theory]
    [InlineData(TestServer.User)]
    [InlineData("agent-token")]
    [InlineData("manager-token")]
    [InlineData("integration-token")]
    [InlineData(TestServer.Admin)]
    [InlineData("owner-token")]
    [InlineData("root-token")]
    public async Task A_caller_sees_of_the_environment_what_its_credential_allows(string token)
    {
        var isAdministrator = token is TestServer.Admin or "integration-token" or "owner-token" or "root-token";
        foreach (var (where, document) in await DocumentsAsync(token))
        {
            AssertShown(where, document, isAdministrator ? Values : ShownToOthers);
        }
    }

    [Fact]
    public async Task A_viewer_sees_what_a_user_sees()
    {
        var (gate, task) = await ImportAsync();
        var job = await StartAsync(task, TestServer.User);
        AssertShown("pending", await TextAsync(HttpMethod.Get, $"/acme/job/{job}", TestServer.Viewer), ShownToOthers);
        gate.Open();
        AssertShown("result", await TextAsync(HttpMethod.Get, $"/acme/job/{job}/result?full", TestServer.Viewer), ShownToOthers);
        AssertShown("job", await TextAsync(HttpMethod.Get, $"/acme/job/{job}", TestServer.Viewer), ShownToOthers);
    }

    [Fact]
    public async Task A_caller_with_a_secret_sees_what_a_user_sees()
    {
        var (gate, task) = await ImportAsync();
        var (id, secret) = (task["id"], task["secret"]);
        using var early = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{id}/secret/{secret}/job?full", token: null, "[]", headers: ("Prefer", "respond-async"));
        var location = early.Headers.Location!.ToString();
        using var redirect = await server.SendAsync(
            HttpMethod.Post, $"/task/{id}/secret/{secret}/job?customer=acme&wait_result=true&full", token: null, "[]");
        AssertShown("303", await redirect.Content.ReadAsStringAsync(), ShownToOthers);
        var polled = redirect.Headers.Location!.ToString();
        gate.Open();
        AssertShown("call", await TextAsync(HttpMethod.Post, $"/acme/task/{id}/secret/{secret}/job?full", token: null), ShownToOthers);
        AssertShown("result", await TextAsync(HttpMethod.Get, location, token: null), ShownToOthers);
        AssertShown("poll", await TextAsync(HttpMethod.Get, polled, token: null), ShownToOthers);
        AssertShown("events", await LastEventAsync(location.Replace("/result?", "/events?", StringComparison.Ordinal), token: null), ShownToOthers);
    }

    [Fact]
    public async Task The_script_gets_every_value()
    {
        var task = await server.ImportAsync("""printf '["%s"]\n' "$KEY" """, task: new { env = JsonNode.Parse(Values) });
        Assert.Equal((200, """["the-hidden-value"]"""), await server.CallAsync(task));
    }

    private protected async Task<(AttachTests.Gate Gate, JsonNode Task)> ImportAsync()
    {
        var gate = new AttachTests.Gate(server);
        return (gate, await server.ImportAsync(gate.Script, task: new { env = JsonNode.Parse(Values) }));
    }

    /// <summary>The document of a job, in every answer that has it.</summary>
    private async Task<List<(string Where, string Document)>> DocumentsAsync(string token)
    {
        var (gate, task) = await ImportAsync();
        var job = await StartAsync(task, token);
        var found = new List<(string, string)> { ("pending", await TextAsync(HttpMethod.Get, $"/acme/job/{job}", token)) };
        using (var accepted = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", token, "[]", headers: ("Prefer", "respond-async")))
        {
            Assert.Equal(202, (int)accepted.StatusCode);
            found.Add(("202", await accepted.Content.ReadAsStringAsync()));
        }

        found.Add(("created", await TextAsync(HttpMethod.Post, $"/task/{task["id"]}/job", token)));
        found.Add(("303", await TextAsync(HttpMethod.Post, $"/task/{task["id"]}/job?wait_result=true", token)));
        gate.Open();
        found.Add(("call", await TextAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job?full", token)));
        found.Add(("result", await TextAsync(HttpMethod.Get, $"/acme/job/{job}/result?full", token)));
        found.Add(("job", await TextAsync(HttpMethod.Get, $"/acme/job/{job}", token)));
        found.Add(("poll", await TextAsync(HttpMethod.Get, $"/job/{job}/result?full", token)));
        found.Add(("events", await LastEventAsync($"/acme/job/{job}/events?full", token)));

        foreach (var path in (string[])[$"/acme/task/{task["id"]}/job?full", $"/task/{task["id"]}/job"])
        {
            using var repeated = await server.SendAsync(HttpMethod.Post, path, token, "[]", headers: ("Idempotency-Key", job));
            found.Add(($"repeated {path}", await repeated.Content.ReadAsStringAsync()));
        }

        return found;
    }

    private async Task<string> StartAsync(JsonNode task, string token)
    {
        using var started = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", token, "[]", headers: ("Prefer", "respond-async"));
        return started.Headers.GetValues("Job-Id").Single();
    }

    protected async Task<string> TextAsync(HttpMethod method, string path, string? token)
    {
        using var response = await server.SendAsync(method, path, token, method == HttpMethod.Post ? "[]" : null);
        return await response.Content.ReadAsStringAsync();
    }

    private async Task<string> LastEventAsync(string path, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = token is null ? null : new("Bearer", token);
        await using var events = await EventReader.OpenAsync(server.Http, request);
        return JsonNode.Parse(await events.NextAsync("result"))!["body"]!.ToJsonString();
    }

    private static void AssertShown(string where, string document, string env)
    {
        Assert.Equal((where, env), (where, JsonNode.Parse(document)!["env"]?.ToJsonString()));
        Assert.Equal(env.Contains("hidden", StringComparison.Ordinal), document.Contains("hidden", StringComparison.Ordinal));
    }
}

[Collection(SharedServer.Name)]
public sealed class LocalTaskEnvironmentTests(TestServer server) : TaskEnvironmentTests(server)
{
    private readonly TestServer _server = server;

    protected override string ShownToOthers => NamesOnly;

    [Theory]
    [InlineData(TestServer.User)]
    [InlineData(TestServer.Admin)]
    public async Task The_document_of_a_task_has_no_environment(string token)
    {
        var (_, task) = await ImportAsync();
        Assert.DoesNotContain("hidden", task.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", await TextAsync(HttpMethod.Get, $"/acme/task/{task["id"]}", token), StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", await TextAsync(HttpMethod.Get, "/acme/task", token), StringComparison.Ordinal);
        using var recipe = await _server.SendAsync(HttpMethod.Get, $"/acme/task/{task["id"]}/recipe", token);
        Assert.Equal(token == TestServer.Admin ? 200 : 403, (int)recipe.StatusCode);
        Assert.Equal(token == TestServer.Admin, (await recipe.Content.ReadAsStringAsync()).Contains("hidden", StringComparison.Ordinal));
    }
}

/// <summary>TheEye decides itself what its documents show: they pass as they are.</summary>
[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeTaskEnvironmentTests(TheEyeTestServer server) : TaskEnvironmentTests(server)
{
    protected override string ShownToOthers => Values;
}
