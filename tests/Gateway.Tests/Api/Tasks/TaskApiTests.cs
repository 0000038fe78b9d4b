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
