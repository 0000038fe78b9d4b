using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Tasks;

/// <summary>What TheEye's definitions of arguments are good for.</summary>
[Collection(SharedServer.Name)]
public sealed class ArgumentDefinitionTests(TestServer server)
{
    private const string Arguments = """
        [{"order":0,"type":"select","label":"size","help":"How large","required":true,"options":[{"id":"s","label":"Small"},{"id":"l","label":"Large"}],"color":{"a":[1.10]}},
         {"order":1,"type":"date","label":"day","required":false}]
        """;

    [Fact]
    public async Task The_document_and_the_recipe_have_them_as_they_were_imported()
    {
        var task = await ImportAsync("lenient");
        using var document = await server.SendAsync(HttpMethod.Get, $"/acme/task/{task["id"]}", TestServer.Viewer);
        using var recipe = await server.SendAsync(HttpMethod.Get, $"/acme/task/{task["id"]}/recipe", TestServer.Admin);
        var exported = await recipe.Content.ReadAsStringAsync();
        foreach (var shown in new[] { JsonNode.Parse(await document.Content.ReadAsStringAsync())!, JsonNode.Parse(exported)!["task"]! })
        {
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Arguments), shown["task_arguments"]), shown.ToJsonString());
            Assert.Equal("lenient", (string)shown["arguments"]!);
        }

        var again = await server.ImportRecipeAsync(exported);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Arguments), again["task_arguments"]));
    }

    [Fact]
    public async Task A_call_that_does_not_fit_is_a_400_that_names_each_argument_and_nothing_runs()
    {
        var runs = Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));
        var task = await ImportAsync("strict", $"""echo run >> {runs}; echo '["done"]'""");
        var key = Guid.NewGuid().ToString();
        using var refused = await CallAsync($"/acme/task/{task["id"]}/job", """["medium","tomorrow"]""", TestServer.User, key);
        using var bySecret = await CallAsync($"/acme/task/{task["id"]}/secret/{task["secret"]}/job", """[null,null,"surplus"]""", null, key);
        using var polled = await CallAsync($"/task/{task["id"]}/job", """[null,null]""", TestServer.User, key);
        Assert.All([refused, bySecret, polled], response =>
        {
            Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
            Assert.False(response.Headers.Contains("Job-Id"));
        });
        var problem = JsonNode.Parse(await refused.Content.ReadAsStringAsync())!;
        Assert.Equal(
            [
                (0, "size", "Argument 0 (size) must be one of: s, l."),
                (1, "day", "Argument 1 (day) must be a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z."),
            ],
            problem["errors"]!.AsArray().Select(error => ((int)error!["argument"]!, (string)error["label"]!, (string)error["detail"]!)));
        Assert.DoesNotContain("medium", problem.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("must be one of: s, l", (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.False(File.Exists(runs));

        // The key is unused.
        using var called = await CallAsync($"/acme/task/{task["id"]}/job", """["s","2026-01-31"]""", TestServer.User, key);
        Assert.Equal(HttpStatusCode.OK, called.StatusCode);
        Assert.Single(await File.ReadAllLinesAsync(runs));
    }

    [Fact]
    public async Task Unless_it_is_asked_for_a_call_need_not_fit()
    {
        var task = await server.ImportAsync("""echo '["done"]'""", task: new { task_arguments = JsonNode.Parse(Arguments) });
        Assert.Equal(200, (await server.CallAsync(task, """["medium","tomorrow"]""")).Status);
        Assert.Null(task["arguments"]);
    }

    [Fact]
    public async Task The_schema_is_shown_to_those_who_may_see_the_task()
    {
        var task = await ImportAsync(null, acl: ["team:ops"]);
        var path = $"/acme/task/{task["id"]}/schema";
        using var shown = await server.SendAsync(HttpMethod.Get, path, TestServer.Ops);
        var schema = JsonNode.Parse(await shown.Content.ReadAsStringAsync())!;
        Assert.Equal((HttpStatusCode.OK, "https://json-schema.org/draft/2020-12/schema"), (shown.StatusCode, (string)schema["$schema"]!));
        Assert.Equal("How large", (string)schema["properties"]!["task_arguments"]!["prefixItems"]![0]!["description"]!);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(path, TestServer.User));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(path, TestServer.Stranger));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(path, null));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("/acme/task/no-such-task/schema", TestServer.Ops));
    }

    private Task<JsonNode> ImportAsync(string? rule, string script = """echo '["done"]'""", string[]? acl = null) =>
        server.ImportAsync(script, task: new { task_arguments = JsonNode.Parse(Arguments), arguments = rule, acl });

    private Task<HttpResponseMessage> CallAsync(string path, string json, string? token, string key) =>
        server.SendAsync(HttpMethod.Post, path, token, json, headers: ("Idempotency-Key", key));

    private async Task<HttpStatusCode> StatusAsync(string path, string? token)
    {
        using var response = await server.SendAsync(HttpMethod.Get, path, token);
        return response.StatusCode;
    }
}

/// <summary>A server that takes only calls that fit.</summary>
public sealed class StrictServerTests(StrictServerTests.Server server) : IClassFixture<StrictServerTests.Server>
{
    private static readonly object[] Arguments = [new { order = 0, type = "select", options = new[] { "a" } }];

    [Theory]
    [InlineData(null, 400)]
    [InlineData("strict", 400)]
    [InlineData("lenient", 200)]
    public async Task It_refuses_a_call_that_does_not_fit_unless_the_task_allows_it(string? rule, int status)
    {
        var task = await server.ImportAsync("""echo '["done"]'""", task: new { task_arguments = Arguments, arguments = rule });
        Assert.Equal(status, (await server.CallAsync(task, """["b"]""")).Status);
        Assert.Equal(200, (await server.CallAsync(task, """["a"]""")).Status);
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--Tasks:Arguments=strict"];
    }
}

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeArgumentDefinitionTests(TheEyeTestServer server)
{
    [Fact]
    public async Task In_front_of_TheEye_its_definitions_are_there()
    {
        using var response = await server.SendAsync(HttpMethod.Get, "/acme/task/5f00000000000000000000aa/schema");
        Assert.Equal(HttpStatusCode.NotImplemented, response.StatusCode);
        Assert.Contains("TheEye has the tasks", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
