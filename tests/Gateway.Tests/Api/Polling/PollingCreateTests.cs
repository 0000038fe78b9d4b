using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;
using Gate = SyncCluster.Gateway.Tests.Api.Jobs.AttachTests.Gate;

namespace SyncCluster.Gateway.Tests.Api.Polling;

/// <summary>Starting a job without waiting for it.</summary>
public abstract class PollingCreateTests(TestServer server)
{
    private const string Script = """echo '["{\"n\":1}"]'""";

    /// <summary>The lifecycle of a job that was just made.</summary>
    protected abstract string Fresh { get; }

    [Fact]
    public async Task The_job_is_shown_at_once_and_runs_once()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var created = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/job", json: "[]");
        var document = JsonNode.Parse(await created.Content.ReadAsStringAsync())!;
        var job = created.Headers.GetValues("Job-Id").Single();
        Assert.Equal((HttpStatusCode.OK, job, Fresh), (created.StatusCode, document["id"]!.GetValue<string>(), document["lifecycle"]!.GetValue<string>()));
        Assert.Equal("application/json; charset=utf-8", created.Content.Headers.ContentType!.ToString());
        Assert.Null(created.Headers.Location);

        gate.Open();
        using var answer = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        Assert.Equal("""["{\"n\":1}"]""", await answer.Content.ReadAsStringAsync());
        Assert.Equal(1, gate.Runs);
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_is_the_same_job_in_either_dialect()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script, task: new { task_arguments = new[] { new { order = 0, type = "input" } } });
        var key = Guid.NewGuid().ToString();
        using var created = await CallAsync($"/task/{task["id"]}/job", "[1]");
        using var repeat = await CallAsync($"/task/{task["id"]}/job?wait_result=true", "[1]");
        using var other = await CallAsync($"/task/{task["id"]}/job", "[2]");
        var job = created.Headers.GetValues("Job-Id").Single();
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.SeeOther), (created.StatusCode, repeat.StatusCode));
        Assert.StartsWith($"/job/{job}/result?", repeat.Headers.Location!.ToString(), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, job), (other.StatusCode, other.Headers.GetValues("Job-Id").Single()));
        gate.Open();
        using var called = await CallAsync($"/acme/task/{task["id"]}/job", "[1]");
        Assert.Equal((HttpStatusCode.OK, job, 1), (called.StatusCode, called.Headers.GetValues("Job-Id").Single(), gate.Runs));

        Task<HttpResponseMessage> CallAsync(string path, string json) =>
            server.SendAsync(HttpMethod.Post, path, json: json, headers: ("Idempotency-Key", key));
    }

    [Fact]
    public async Task A_job_without_waiters_runs()
    {
        var mark = Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));
        var task = await server.ImportAsync($"touch {mark}");
        using var created = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/job", json: "[]");
        await TestServer.UntilAsync(() => File.Exists(mark));
    }

    [Theory]
    [InlineData(null, "", 401)]
    [InlineData("nobodys", "", 401)]
    [InlineData(TestServer.Viewer, "", 403)]
    [InlineData(TestServer.User, "", 200)]
    [InlineData(TestServer.User, "?customer=", 200)]
    [InlineData(TestServer.User, "?customer=acme", 200)]
    [InlineData(TestServer.User, "?customer=globex", 403)]
    [InlineData(TestServer.User, "?customer=acme&customer=acme", 403)]
    [InlineData(TestServer.Stranger, "?customer=acme", 403)]
    [InlineData(TestServer.Stranger, "", 404)]
    public async Task The_customer_is_the_tokens_own(string? token, string query, int status)
    {
        var task = await server.ImportAsync(Script);
        using var response = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/job{query}", token, "[]");
        Assert.Equal(status, (int)response.StatusCode);
        if (status == 403 && query.Length > 0)
        {
            Assert.Equal("EORACC", JsonNode.Parse(await response.Content.ReadAsStringAsync())!["code"]!.GetValue<string>());
        }
    }

    [Theory]
    [InlineData("/job", """{"customer":"acme","task":"TASK","task_arguments":["a"],"access_token":"user-token"}""", null)]
    [InlineData("/job", """{"task":"TASK","task_arguments":["a"]}""", "Bearer user-token")]
    [InlineData("/job?customer=null", """{"task":"TASK","task_arguments":["a"]}""", "Bearer user-token")]
    [InlineData("/job?task_arguments=a", """{"customer":"acme","task":"TASK"}""", "Bearer user-token")]
    [InlineData("/job?task=TASK", """{"task_arguments":["a"]}""", "Bearer user-token")]
    [InlineData("/job", "customer=acme&task=TASK&task_arguments=a&access_token=user-token", null)]
    [InlineData("/acme/job", """{"task":"TASK","task_arguments":["a"]}""", "Bearer user-token")]
    [InlineData("/acme/job?task_arguments[]=a", """{"task":"TASK","access_token":"user-token"}""", null)]
    [InlineData("/acme/job", "task=TASK&task_arguments[]=a", "Bearer user-token")]
    [InlineData("/task/TASK/job?customer=null", """["a"]""", "Bearer user-token")]
    public async Task The_body_or_the_query_may_name_the_task(string path, string body, string? authorization)
    {
        var task = await server.ImportAsync("""echo "[\"$1\"]" """, task: new { task_arguments = new[] { new { order = 0, type = "input" } } });
        var id = task["id"]!.GetValue<string>();
        using var response = await PostAsync(
            path.Replace("TASK", id, StringComparison.Ordinal), body.Replace("TASK", id, StringComparison.Ordinal), authorization);
        var job = response.Headers.GetValues("Job-Id").Single();
        Assert.Equal((HttpStatusCode.OK, job), (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!["id"]!.GetValue<string>()));
        using var answer = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        Assert.Equal("""["a"]""", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/job", """{"task_arguments":[]}""", 400)]
    [InlineData("/job", """{"task":1,"task_arguments":[]}""", 400)]
    [InlineData("/job", """["a"]""", 400)]
    [InlineData("/job", "", 400)]
    [InlineData("/acme/job", """{"task":"../x"}""", 400)]
    [InlineData("/acme/job", """{"task":"nope"}""", 404)]
    [InlineData("/job", """{"customer":"globex","task":"nope"}""", 403)]
    [InlineData("/acme/job", """{"customer":"globex","task":"nope"}""", 403)]
    [InlineData("/globex/job", """{"task":"nope"}""", 403)]
    public async Task A_call_that_names_no_task_or_another_customer_is_refused(string path, string body, int status)
    {
        using var response = await PostAsync(path, body.Length == 0 ? null : body, "Bearer user-token");
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("", """{"customer":"acme","task":"TASK","task_arguments":["a"]}""")]
    [InlineData("?customer=acme", """{"task":"TASK","task_arguments":["a"]}""")]
    [InlineData("?customer=null", """{"customer":"acme","task":"TASK","task_arguments":["a"]}""")]
    [InlineData("?task_arguments=a", """{"customer":"acme","task":"TASK"}""")]
    [InlineData("", "customer=acme&task=TASK&task_arguments=a")]
    [InlineData("?customer=acme&task=TASK", """["a"]""")]
    public async Task The_body_may_name_the_task_of_a_secret(string query, string body)
    {
        var task = await server.ImportAsync("""echo "[\"$1\"]" """, task: new { task_arguments = new[] { new { order = 0, type = "input" } } });
        var id = task["id"]!.GetValue<string>();
        using var answer = await PostAsync(
            $"/job/secret/{task["secret"]}{query.Replace("TASK", id, StringComparison.Ordinal)}", body.Replace("TASK", id, StringComparison.Ordinal), null);
        Assert.Equal((HttpStatusCode.OK, """["a"]"""), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task The_status_is_what_clients_of_TheEye_look_for()
    {
        var status = JsonNode.Parse(await server.Http.GetStringAsync(new Uri("/api/status", UriKind.Relative)))!;
        Assert.Equal(("ok", "SyncCluster"), ((string?)status["status"], (string?)status["name"]));
        Assert.Matches(@"^\d+\.\d+\.\d+$", (string?)status["theeye_version"]);
        Assert.NotEmpty(status["version"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("?wait_result=true", null, true)]
    [InlineData("", """{"task_arguments":[],"wait_result":true}""", true)]
    [InlineData("", """{"wait_result":true}""", true)]
    [InlineData("", "wait_result=true", true)]
    [InlineData("?wait_result=1", null, false)]
    [InlineData("?wait_result", null, false)]
    [InlineData("?wait_result=false", """{"task_arguments":[],"wait_result":false}""", false)]
    [InlineData("", """{"task_arguments":[{"wait_result":true}]}""", false)]
    [InlineData("", "wait_result=1", false)]
    public async Task Only_a_true_wait_result_gives_the_address_of_the_answer(string query, string? body, bool redirected)
    {
        var task = await server.ImportAsync(Script);
        using var response = await PostAsync($"/task/{task["id"]}/job{query}", body, "Bearer user-token");
        var job = response.Headers.GetValues("Job-Id").Single();
        Assert.Equal(redirected ? HttpStatusCode.SeeOther : HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(job, JsonNode.Parse(await response.Content.ReadAsStringAsync())!["id"]!.GetValue<string>());
        Assert.Equal(redirected, response.Headers.Location is not null);
    }

    [Theory]
    [InlineData("?wait_result=true", "counter=0&limit=10&timeout=10")]
    [InlineData("?wait_result=true&limit=3&x=%23%0d%0a&parse&timeout=60&full=%C3%A9&counter=7", "limit=3&x=%23%0d%0a&parse&timeout=60&full=%C3%A9&counter=0")]
    [InlineData("?wait_result=true&task_arguments[]=a&task_arguments%5B%5D=b&customer=acme", "customer=acme&counter=0&limit=10&timeout=10")]
    public async Task The_address_has_the_whole_query_but_for_the_arguments(string query, string kept)
    {
        var task = await server.ImportAsync(Script);
        using var response = await PostAsync($"/task/{task["id"]}/job{query}&access_token=user-token", null, null);
        var expected = kept.Insert(kept.IndexOf("counter=0", StringComparison.Ordinal), "access_token=user-token&");
        Assert.Equal(
            $"/job/{response.Headers.GetValues("Job-Id").Single()}/result?wait_result=true&{expected}", response.Headers.GetValues("Location").Single());
    }

    [Theory]
    [InlineData(null, "Bearer user-token")]
    [InlineData("""{"task_arguments":[],"access_token":"user-token"}""", null)]
    [InlineData("access_token=user-token", null)]
    public async Task A_token_that_stands_elsewhere_is_not_put_into_the_address(string? body, string? header)
    {
        var task = await server.ImportAsync(Script);
        using var response = await PostAsync($"/task/{task["id"]}/job?wait_result=true", body, header);
        Assert.Equal(
            $"/job/{response.Headers.GetValues("Job-Id").Single()}/result?wait_result=true&counter=0&limit=10&timeout=10",
            response.Headers.GetValues("Location").Single());
    }

    [Fact]
    public async Task A_task_that_ends_at_once_is_answered_at_its_address()
    {
        var task = await server.ImportRecipeAsync("""{"task":{"name":"d","type":"dummy","task_arguments":[{"order":0}]}}""");
        using var created = await PostAsync($"/task/{task["id"]}/job?wait_result=true&access_token=user-token", "[7]", null);
        using var answer = await server.SendAsync(HttpMethod.Get, created.Headers.Location!.ToString(), null);
        Assert.Equal((HttpStatusCode.SeeOther, HttpStatusCode.OK), (created.StatusCode, answer.StatusCode));
        Assert.Equal("finished", JsonNode.Parse(await created.Content.ReadAsStringAsync())!["lifecycle"]!.GetValue<string>());
        Assert.Equal("7", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("counter=-1")]
    [InlineData("counter=1.0")]
    [InlineData("counter=%2B1")]
    [InlineData("counter=")]
    [InlineData("counter=1&counter=1")]
    [InlineData("limit=1000000000")]
    [InlineData("limit=x")]
    [InlineData("limit")]
    [InlineData("limit=1%00")]
    [InlineData("timeout=-10")]
    [InlineData("timeout=1e1")]
    public async Task Numbers_that_are_not_valid_are_refused_and_nothing_is_run(string query)
    {
        var task = await server.ImportAsync(Script);
        using var created = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/job?{query}", json: "[]");
        using var bySecret = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/secret/{task["secret"]}/job?customer=acme&{query}", null, "[]");
        using var result = await server.SendAsync(HttpMethod.Get, $"/job/0123456789abcdef01234567/result?{query}");
        using var resultBySecret = await server.SendAsync(HttpMethod.Get, $"/job/0123456789abcdef01234567/secret/acme.x/result?{query}", null);
        Assert.All(
            [created, bySecret, result, resultBySecret],
            response => Assert.Equal(
                (HttpStatusCode.BadRequest, "application/problem+json", false),
                (response.StatusCode, response.Content.Headers.ContentType!.MediaType, response.Headers.Contains("Job-Id"))));
    }

    [Fact]
    public async Task A_call_by_secret_names_its_customer_where_there_are_several()
    {
        var task = await server.ImportAsync(Script);
        using var named = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/secret/{task["secret"]}/job?customer=acme", null);
        using var unnamed = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/secret/{task["secret"]}/job", null);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (named.StatusCode, unnamed.StatusCode));
    }

    [Fact]
    public async Task Another_secret_starts_nothing()
    {
        var task = await server.ImportAsync(Script);
        var other = await server.ImportAsync(Script);
        using var refused = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/secret/{other["secret"]}/job?customer=acme", null);
        Assert.False(refused.IsSuccessStatusCode);
        Assert.False(refused.Headers.Contains("Job-Id"));
    }

    protected async Task<HttpResponseMessage> PostAsync(string path, string? body, string? authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, body[0] is '{' or '[' ? "application/json" : "application/x-www-form-urlencoded");
        }

        return await server.Http.SendAsync(request);
    }
}

[Collection(SharedServer.Name)]
public sealed class LocalCreateTests(TestServer server) : PollingCreateTests(server)
{
    private readonly TestServer _server = server;

    protected override string Fresh => "ready";

    [Fact]
    public async Task The_shortest_wait_lasts_ten_seconds()
    {
        var gate = new Gate(_server);
        var task = await _server.ImportAsync(gate.Script);
        using var created = await PostAsync($"/task/{task["id"]}/job?wait_result=true&access_token=user-token&timeout=1", "[]", null);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using var redirected = await _server.SendAsync(HttpMethod.Get, created.Headers.Location!.ToString(), null);
        Assert.Equal(HttpStatusCode.SeeOther, redirected.StatusCode);
        Assert.InRange(clock.Elapsed.TotalSeconds, 9.5, 30);
        gate.Open();
    }

    [Theory]
    [InlineData("""{"wait_result":true}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"wait_result":true,"access_token":"user-token"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"wait_result":true,"a":1}""", HttpStatusCode.SeeOther)]
    public async Task Wait_result_alone_is_no_argument(string body, HttpStatusCode status)
    {
        var task = await _server.ImportAsync("echo '[]'", task: new { task_arguments = new[] { new { order = 0 } } });
        using var response = await PostAsync(
            $"/task/{task["id"]}/job", body, body.Contains("access_token", StringComparison.Ordinal) ? null : "Bearer user-token");
        Assert.Equal(status, response.StatusCode);
    }
}

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeCreateTests(TheEyeTestServer server) : PollingCreateTests(server)
{
    // What the supervisor says when it has made a job that is to be released.
    protected override string Fresh => "syncing";
}

/// <summary>Starting a job where hardly anything is waited for.</summary>
public sealed class ShortWaitTests(ShortWaitTests.Server server) : IClassFixture<ShortWaitTests.Server>
{
    [Fact]
    public async Task The_longest_wait_does_not_make_a_job_start_sooner()
    {
        var task = await server.ImportAsync("true");
        using var created = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/job", json: "[]");
        using var bySecret = await server.SendAsync(
            HttpMethod.Post, $"/task/{task["id"]}/secret/{task["secret"]}/job?customer=acme", json: "[]");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (created.StatusCode, bySecret.StatusCode));
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--Waiting:Maximum=00:00:00.001", "--Waiting:Patience=00:00:30"];
    }
}
