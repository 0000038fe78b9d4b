using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Tasks;

[Collection(SharedServer.Name)]
public sealed class TaskApiTests(TestServer server)
{
    [Fact]
    public async Task An_imported_task_is_listed_shown_exported_and_deleted()
    {
        var task = await server.ImportAsync("echo 1", task: new { name = "to be deleted", env = new { KEY = "hidden" } });
        var id = task["id"]!.GetValue<string>();

        var list = JsonNode.Parse(await GetAsync("/acme/task"))!.AsArray();
        Assert.Contains(list, listed => listed!["id"]!.GetValue<string>() == id);
        var shown = await GetAsync($"/acme/task/{id}");
        Assert.Equal("to be deleted", JsonNode.Parse(shown)!["name"]!.GetValue<string>());
        Assert.DoesNotContain("hidden", shown, StringComparison.Ordinal);

        var recipe = await GetAsync($"/acme/task/{id}/recipe", TestServer.Admin);
        var again = await server.ImportRecipeAsync(recipe);
        Assert.NotEqual(id, again["id"]!.GetValue<string>());
        Assert.Equal(Undated(recipe), Undated(await GetAsync($"/acme/task/{again["id"]}/recipe", TestServer.Admin)));

        using var deleted = await server.SendAsync(HttpMethod.Delete, $"/acme/task/{id}", TestServer.Admin);
        using var gone = await server.SendAsync(HttpMethod.Delete, $"/acme/task/{id}", TestServer.Admin);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound), (deleted.StatusCode, gone.StatusCode));
        Assert.Equal(404, (await server.CallAsync(task)).Status);
    }

    [Fact]
    public async Task Tasks_of_another_customer_are_not_to_be_seen()
    {
        var task = await server.ImportAsync("echo 1");
        using var foreign = await server.SendAsync(HttpMethod.Get, $"/globex/task/{task["id"]}", TestServer.Stranger);
        Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
    }

    [Fact]
    public async Task A_new_secret_takes_the_place_of_the_one_before_and_changes_nothing_else()
    {
        var task = await server.ImportAsync("echo '[\"ran\"]'", task: new { name = "with a secret" });
        var recipe = await GetAsync($"/acme/task/{task["id"]}/recipe", TestServer.Admin);
        using var renewed = await server.SendAsync(HttpMethod.Put, $"/acme/task/{task["id"]}/secret", TestServer.Admin);
        Assert.Equal((HttpStatusCode.OK, "no-store"), (renewed.StatusCode, renewed.Headers.CacheControl!.ToString()));
        var secret = JsonNode.Parse(await renewed.Content.ReadAsStringAsync())!["secret"]!.GetValue<string>();
        Assert.NotEqual(task["secret"]!.GetValue<string>(), secret);
        Assert.Equal(HttpStatusCode.OK, await RunAsync(secret));
        Assert.Equal(HttpStatusCode.Unauthorized, await RunAsync(task["secret"]!.GetValue<string>()));
        Assert.Equal(recipe, await GetAsync($"/acme/task/{task["id"]}/recipe", TestServer.Admin));
        using var refused = await server.SendAsync(HttpMethod.Put, $"/acme/task/{task["id"]}/secret");
        using var foreign = await server.SendAsync(HttpMethod.Put, $"/acme/task/{task["id"]}/secret", TestServer.Stranger);
        using var unknown = await server.SendAsync(HttpMethod.Put, "/acme/task/nope/secret", TestServer.Admin);
        using var crossSite = await server.SendAsync(
            HttpMethod.Put, $"/acme/task/{task["id"]}/secret", TestServer.Admin, headers: ("Origin", "https://evil.example"));
        Assert.Equal(
            [HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.NotFound, HttpStatusCode.Forbidden],
            [refused.StatusCode, foreign.StatusCode, unknown.StatusCode, crossSite.StatusCode]);
        Assert.Equal(HttpStatusCode.OK, await RunAsync(secret));

        async Task<HttpStatusCode> RunAsync(string secret)
        {
            using var answer = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/secret/{secret}/job", token: null, "[]");
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task A_task_is_updated_by_its_name_as_by_its_id()
    {
        var task = await server.ImportAsync("echo 1", task: new { name = "called-by-name" });
        using var updated = await server.SendAsync(
            HttpMethod.Put, "/acme/task/called-by-name", TestServer.Admin, """{"task":{"name":"called-by-name","type":"dummy","description":"new"}}""");
        Assert.Equal(HttpStatusCode.OK, updated.StatusCode);
        Assert.Equal("new", JsonNode.Parse(await GetAsync($"/acme/task/{task["id"]}"))!["description"]!.GetValue<string>());
    }

    private static string Undated(string recipe)
    {
        var task = JsonNode.Parse(recipe)!;
        Assert.True(task["task"]!.AsObject().Remove("creation_date"));
        return task.ToJsonString();
    }

    private async Task<string> GetAsync(string path, string token = TestServer.Viewer)
    {
        using var response = await server.SendAsync(HttpMethod.Get, path, token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }
}
