using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Jobs;

/// <summary>Coming back to a job, in a server whose calls end their wait soon.</summary>
public abstract class AttachTests(TestServer server)
{
    [Fact]
    public async Task A_wait_that_ends_before_the_job_is_a_504_with_the_location_of_the_result()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var early = await StartAsync($"/acme/task/{task["id"]}/job?parse=0&access_token={TestServer.User}", null);
        var job = early.Headers.GetValues("Job-Id").Single();
        Assert.Equal(HttpStatusCode.GatewayTimeout, early.StatusCode);
        Assert.Equal($"/acme/job/{job}/result?parse", early.Headers.Location!.ToString());
        Assert.Equal("1", early.Headers.GetValues("Retry-After").Single());
        Assert.Equal(job, JsonNode.Parse(await early.Content.ReadAsStringAsync())!["jobId"]!.GetValue<string>());

        await TestServer.UntilAsync(() => gate.Runs == 1);
        using var document = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}");
        using var lifecycle = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/lifecycle");
        Assert.Equal("application/json; charset=utf-8", document.Content.Headers.ContentType!.ToString());
        Assert.Equal("in_progress", JsonNode.Parse(await document.Content.ReadAsStringAsync())!["state"]!.GetValue<string>());
        Assert.Equal("\"assigned\"", await lifecycle.Content.ReadAsStringAsync());

        gate.Open();
        Assert.Equal((HttpStatusCode.OK, "{\"n\":1}"), await ResultAsync(early.Headers.Location!.ToString()));
        Assert.Equal((HttpStatusCode.OK, """["{\"n\":1}"]"""), await ResultAsync($"/acme/job/{job}/result"));
        Assert.Equal(1, gate.Runs);
    }

    [Theory]
    [InlineData("?result=no&full", "?result")]
    [InlineData("?full&parse=1", "?full")]
    [InlineData("?parse=07", "?parse=7")]
    [InlineData("?parse=-1", "")]
    public async Task The_location_has_the_flag_that_counts_and_no_token(string flags, string kept)
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var early = await StartAsync($"/acme/task/{task["id"]}/job{flags}&access_token={TestServer.User}", null);
        gate.Open();
        Assert.Equal($"/acme/job/{early.Headers.GetValues("Job-Id").Single()}/result{kept}", early.Headers.Location!.ToString());
    }

    [Fact]
    public async Task A_call_by_secret_is_continued_with_the_jobs_own_secret()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var early = await StartAsync($"/acme/task/{task["id"]}/secret/{task["secret"]}/job", null);
        var location = early.Headers.Location!.ToString();
        Assert.DoesNotContain(task["secret"]!.GetValue<string>(), location, StringComparison.Ordinal);
        gate.Open();
        Assert.Equal((HttpStatusCode.OK, """["{\"n\":1}"]"""), await ResultAsync(location, null));
        Assert.Equal(HttpStatusCode.NotFound, (await ResultAsync(location.Replace("/result", "x/result", StringComparison.Ordinal), null)).Status);
    }

    [Fact]
    public async Task Every_answer_about_a_job_names_it()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var early = await StartAsync($"/acme/task/{task["id"]}/job");
        var job = early.Headers.GetValues("Job-Id").Single();
        using var document = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}");
        using var lifecycle = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/lifecycle");
        using var canceled = await server.SendAsync(HttpMethod.Put, $"/acme/job/{job}/cancel");
        using var result = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        foreach (var response in new[] { document, lifecycle, canceled, result })
        {
            Assert.Equal(job, response.Headers.GetValues("Job-Id").Single());
        }

        Assert.All([document, lifecycle], response => Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString()));
    }

    [Fact]
    public async Task Canceling_ends_the_script_and_a_second_time_is_a_409()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var early = await StartAsync($"/acme/task/{task["id"]}/job");
        var job = early.Headers.GetValues("Job-Id").Single();
        using var canceled = await server.SendAsync(HttpMethod.Put, $"/acme/job/{job}/cancel", TestServer.Viewer);
        Assert.Equal(HttpStatusCode.NoContent, canceled.StatusCode);

        var (status, body) = await ResultAsync($"/acme/job/{job}/result?full");
        Assert.Equal((HttpStatusCode.InternalServerError, "canceled"), (status, JsonNode.Parse(body)!["state"]!.GetValue<string>()));
        using var again = await server.SendAsync(HttpMethod.Put, $"/acme/job/{job}/cancel");
        Assert.Equal((HttpStatusCode.Conflict, job), (again.StatusCode, again.Headers.GetValues("Job-Id").Single()));
        Assert.Equal($"/acme/job/{job}/result", again.Headers.Location!.ToString());
    }

    [Fact]
    public async Task A_task_that_is_not_cancellable_needs_an_administrator()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script, task: new { cancellable = false });
        using var early = await StartAsync($"/acme/task/{task["id"]}/job");
        var path = $"/acme/job/{early.Headers.GetValues("Job-Id").Single()}/cancel";
        using var refused = await server.SendAsync(HttpMethod.Put, path);
        using var canceled = await server.SendAsync(HttpMethod.Put, path, TestServer.Admin);
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.NoContent), (refused.StatusCode, canceled.StatusCode));
        Assert.Equal(path.Replace("/cancel", "/result", StringComparison.Ordinal), refused.Headers.Location!.ToString());
    }

    /// <summary>Calls a task whose job goes on when the wait has ended.</summary>
    protected virtual Task<HttpResponseMessage> StartAsync(string path, string? token = TestServer.User) => server.SendAsync(HttpMethod.Post, path, token);

    /// <summary>Asks for a result until the job has ended.</summary>
    private async Task<(HttpStatusCode Status, string Body)> ResultAsync(string location, string? token = TestServer.User)
    {
        while (true)
        {
            using var response = await server.SendAsync(HttpMethod.Get, location, token);
            if (response.StatusCode != HttpStatusCode.GatewayTimeout)
            {
                return (response.StatusCode, await response.Content.ReadAsStringAsync());
            }
        }
    }

    /// <summary>A script that runs until it is let go.</summary>
    internal sealed class Gate(TestServer server)
    {
        private readonly string _path = System.IO.Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));

        public string Script => $$"""echo run >> {{_path}}.runs; until [ -e {{_path}} ]; do sleep 0.02; done; echo '{"data":["{\"n\":1}"]}'""";

        /// <summary>The file that lets it go.</summary>
        public string Path => _path;

        public int Runs => File.Exists(_path + ".runs") ? File.ReadAllLines(_path + ".runs").Length : 0;

        public void Open() => File.WriteAllText(_path, "");
    }
}

public sealed class LocalAttachTests(LocalAttachTests.Server server) : AttachTests(server), IClassFixture<LocalAttachTests.Server>
{
    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--Waiting:Maximum=00:00:00.500", "--Waiting:Patience=00:00:30"];
    }
}

public sealed class TheEyeAttachTests(TheEyeAttachTests.Server server) : AttachTests(server), IClassFixture<TheEyeAttachTests.Server>
{
    // Where TheEye is slow the wait may end before there is a job: then nothing was run, and the client is told to call again.
    protected override async Task<HttpResponseMessage> StartAsync(string path, string? token = TestServer.User)
    {
        while (true)
        {
            var response = await base.StartAsync(path, token);
            if (response.Headers.Contains("Job-Id"))
            {
                return response;
            }

            Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
            Assert.Contains("Nothing was run: try again.", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            response.Dispose();
        }
    }

    public sealed class Server : TheEyeTestServer
    {
        // Not the maximum: it would count for the check of a token by TheEye as well.
        protected override string[] Settings => [.. base.Settings, "--Waiting:Default=00:00:02", "--Waiting:Patience=00:00:30"];
    }
}
