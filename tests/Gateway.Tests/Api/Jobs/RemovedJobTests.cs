using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Jobs;

/// <summary>Requests for jobs that were removed before their records have expired.</summary>
public abstract class RemovedJobTests(TestServer server)
{
    [Fact]
    public async Task A_repeat_of_its_call_is_a_410_and_runs_nothing()
    {
        var runs = Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));
        var task = await server.ImportAsync(
            $"""echo run >> {runs}; echo '["done"]'""", task: new { task_arguments = new[] { new { order = 0, type = "input" } } });
        var key = Guid.NewGuid().ToString();
        using var first = await CallAsync("[1]");
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        var job = JobOf(first);
        await server.RemoveJobAsync("acme", job);

        using var repeat = await CallAsync("[1]");
        Assert.Equal((HttpStatusCode.Gone, job), (repeat.StatusCode, JobOf(repeat)));
        var problem = JsonNode.Parse(await repeat.Content.ReadAsStringAsync())!;
        Assert.Contains("Idempotency-Key", (string)problem["detail"]!, StringComparison.Ordinal);
        using var other = await CallAsync("[2]");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        using var polled = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/job", json: "[1]", headers: ("Idempotency-Key", key));
        Assert.Equal(HttpStatusCode.Gone, polled.StatusCode);
        Assert.Single(await File.ReadAllLinesAsync(runs));

        Task<HttpResponseMessage> CallAsync(string json) =>
            server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: json, headers: ("Idempotency-Key", key));
    }

    protected static string JobOf(HttpResponseMessage response) => response.Headers.GetValues("Job-Id").Single();
}

[Collection(SharedServer.Name)]
public sealed class LocalRemovedJobTests(TestServer server) : RemovedJobTests(server)
{
    private readonly TestServer _server = server;

    [Theory]
    [InlineData("GET", "/acme/job/{0}/result")]
    [InlineData("GET", "/acme/job/{0}/result?full")]
    [InlineData("GET", "/acme/job/{0}/events")]
    [InlineData("GET", "/acme/job/{0}")]
    [InlineData("GET", "/acme/job/{0}/lifecycle")]
    [InlineData("GET", "/job/{0}/result?counter=0")]
    [InlineData("PUT", "/acme/job/{0}/cancel")]
    public async Task A_request_for_it_is_a_410(string method, string path)
    {
        var task = await _server.ImportAsync("""echo '["done"]'""");
        using var called = await CallAsync(task, $"/acme/task/{task["id"]}/job", TestServer.User);
        await _server.RemoveJobAsync("acme", JobOf(called));
        using var response = await _server.SendAsync(
            new HttpMethod(method), string.Format(System.Globalization.CultureInfo.InvariantCulture, path, JobOf(called)));
        Assert.Equal(
            (HttpStatusCode.Gone, "application/problem+json", JobOf(called)),
            (response.StatusCode, response.Content.Headers.ContentType!.MediaType, JobOf(response)));
    }

    [Fact]
    public async Task Its_access_list_and_its_secret_still_count()
    {
        var gate = new AttachTests.Gate(_server);
        var task = await _server.ImportAsync(gate.Script, task: new { acl = new[] { "team:ops" } });
        using var called = await CallAsync(task, $"/acme/task/{task["id"]}/secret/{task["secret"]}/job", null, ("Prefer", "respond-async"));
        var location = called.Headers.Location!.ToString();
        gate.Open();
        using var result = await _server.SendAsync(HttpMethod.Get, location, null);
        Assert.Equal(HttpStatusCode.OK, result.StatusCode);
        await _server.RemoveJobAsync("acme", JobOf(called));
        var (job, path) = (JobOf(called), $"/acme/job/{JobOf(called)}");
        Assert.Equal(HttpStatusCode.Gone, await StatusAsync(location, null));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(location.Replace("/result", "x/result", StringComparison.Ordinal), null));
        Assert.Equal((HttpStatusCode.Gone, HttpStatusCode.Forbidden), (await StatusAsync(path, TestServer.Ops), await StatusAsync(path, TestServer.User)));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync($"{path}/result", TestServer.User));
    }

    [Fact]
    public async Task One_without_a_key_is_forgotten()
    {
        var task = await _server.ImportAsync("""echo '["done"]'""");
        using var called = await _server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]");
        await _server.RemoveJobAsync("acme", JobOf(called));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync($"/acme/job/{JobOf(called)}/result", TestServer.User));
    }

    private Task<HttpResponseMessage> CallAsync(JsonNode task, string path, string? token, params (string, string)[] headers) =>
        _server.SendAsync(HttpMethod.Post, path, token, "[]", headers: [("Idempotency-Key", $"{task["id"]}"), .. headers]);

    private async Task<HttpStatusCode> StatusAsync(string path, string? token)
    {
        using var response = await _server.SendAsync(HttpMethod.Get, path, token);
        return response.StatusCode;
    }
}

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeRemovedJobTests(TheEyeTestServer server) : RemovedJobTests(server)
{
    private readonly TheEyeTestServer _server = server;

    [Fact]
    public async Task A_request_for_it_is_a_410_once_TheEye_has_removed_it_too()
    {
        var task = await _server.ImportAsync("""echo '["done"]'""");
        using var called = await _server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: ("Idempotency-Key", $"{task["id"]}"));
        await _server.RemoveJobAsync("acme", JobOf(called));
        _server.TheEye.Delete(JobOf(called));
        using var response = await _server.SendAsync(HttpMethod.Get, $"/acme/job/{JobOf(called)}/result");
        Assert.Equal(HttpStatusCode.Gone, response.StatusCode);
    }
}
