using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Tests;

namespace SyncCluster.Gateway.Tests.Api.Sync;

/// <summary>The examples of the user's page, with the real exported task, as they were recorded.</summary>
public abstract partial class PageExamplesTests(TestServer server)
{
    private const string Failure = """["{\"message\":\"Validation Error. Invalid Argument Value\",\"statusCode\":418,\"name\":\"ClientError\",\"code\":\"\",\"status\":418}"]""";
    private const string ParsedFailure = """{"message":"Validation Error. Invalid Argument Value","statusCode":418,"name":"ClientError","code":"","status":418}""";

    [TheEyeRecipeRunFact]
    public async Task Sample_failure() => await ExampleAsync("[200]", "", 500, Failure, 135);

    [TheEyeRecipeRunFact]
    public async Task Sample_success() => await ExampleAsync("[100]", "", 200, """["{\"name\":\"tomer\",\"date\":\"DATE\"}"]""", 62);

    [TheEyeRecipeRunFact]
    public async Task Sample_success_using_parse() => await ExampleAsync("[100]", "?parse", 200, """{"name":"tomer","date":"DATE"}""", 50);

    [TheEyeRecipeRunFact]
    public async Task Sample_failure_using_parse() => await ExampleAsync("[200]", "?parse", 418, ParsedFailure, 115);

    [Fact]
    public async Task Waiting_output_is_the_member_of_the_full_document()
    {
        var task = await server.ImportAsync("""echo '{"state":"success","data":["done"]}'""");
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job?full");
        Assert.Equal("""["done"]""", JsonNode.Parse(await response.Content.ReadAsStringAsync())!["output"]!.ToJsonString());
    }

    private async Task ExampleAsync(string arguments, string flags, int status, string body, int length)
    {
        var recipe = JsonNode.Parse(await File.ReadAllTextAsync(TheEyeRecipeFactAttribute.RecipePath!))!;
        recipe["task"]!["env"]!["NODE_ENV"] = "production";
        var task = await server.ImportRecipeAsync(recipe.ToJsonString());
        using var response = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/job{flags}", json: $$"""{"task_arguments":{{arguments}}}""");
        Assert.Equal(body, Date().Replace(await response.Content.ReadAsStringAsync(), "DATE"));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(length, response.Content.Headers.ContentLength);
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")]
    private static partial Regex Date();
}

[Collection(SharedServer.Name)]
public sealed class LocalPageExamplesTests(TestServer server) : PageExamplesTests(server);

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyePageExamplesTests(TheEyeTestServer server) : PageExamplesTests(server);
