using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using SyncCluster.Execution.Local;
using SyncCluster.Harness;
using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>An operator can back up a running server, and start another one with the copy.</summary>
public sealed class BackUpTests(BackUpTests.KeepingServer server) : IClassFixture<BackUpTests.KeepingServer>
{
    private const string OperatorToken = "operator-token";

    [Fact]
    public async Task A_server_that_starts_with_the_back_up_has_the_tasks_and_answers_of_its_moment()
    {
        var task = await server.ImportAsync("echo '[\"before\"]'");
        var path = $"/acme/task/{task["id"]}/job";
        Assert.Equal("[\"before\"]", await CallAsync(server, path, "before"));
        await using var copy = await BackUpAsync();

        await using var restored = new KeepingServerScope();
        var folder = Directory.CreateDirectory(Path.Combine(restored.Server.Folder, "data"));
        await using (var file = File.Create(Path.Combine(folder.FullName, "synccluster.db")))
        {
            await copy.CopyToAsync(file);
        }

        await Eventually.TrueAsync(() => Directory.GetFiles(Path.Combine(server.Folder, "data"), "backup-*").Length == 0, "no copy is left behind");

        await restored.Server.InitializeAsync();
        using var repeated = await restored.Server.SendAsync(HttpMethod.Post, path, json: "[]", headers: ("Idempotency-Key", "before"));
        Assert.Equal("[\"before\"]", await repeated.Content.ReadAsStringAsync());
        Assert.Equal(await JobOfAsync(server, path, "before"), repeated.Headers.GetValues("Job-Id").Single());
        Assert.Equal("[\"before\"]", await CallAsync(restored.Server, path, "after"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    [InlineData(TestServer.Admin)]
    public async Task Only_the_operator_may_back_up(string? token)
    {
        using var refused = await server.SendAsync(HttpMethod.Post, "/api/backup", token);
        var problem = JsonNode.Parse(await refused.Content.ReadAsStringAsync())!;
        Assert.Equal(
            (HttpStatusCode.Unauthorized, "This is for the operator. Send the operator's token as `Authorization: Bearer …`."),
            (refused.StatusCode, (string)problem["detail"]!));
        Assert.Equal("Bearer", refused.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public void A_script_in_a_sandbox_does_not_see_the_file()
    {
        var local = server.App.Services.GetRequiredService<IOptions<LocalExecutorOptions>>().Value;
        Assert.Equal([Path.Combine(server.Folder, "data")], local.HiddenPaths);
    }

    private static async Task<string> CallAsync(TestServer server, string path, string key)
    {
        using var response = await server.SendAsync(HttpMethod.Post, path, json: "[]", headers: ("Idempotency-Key", key));
        return await response.Content.ReadAsStringAsync();
    }

    private static async Task<string> JobOfAsync(TestServer server, string path, string key)
    {
        using var response = await server.SendAsync(HttpMethod.Post, path, json: "[]", headers: ("Idempotency-Key", key));
        return response.Headers.GetValues("Job-Id").Single();
    }

    private async Task<Stream> BackUpAsync()
    {
        var response = await server.SendAsync(HttpMethod.Post, "/api/backup", OperatorToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStreamAsync();
    }

    /// <summary>A server that keeps its jobs.</summary>
    public sealed class KeepingServer : TestServer
    {
        protected override string[] Settings =>
            [$"--Storage:Path={Folder}/data", $"--Operator:TokenSha256={Convert.ToHexStringLower(Secret.Hash(OperatorToken))}"];
    }

    private sealed class KeepingServerScope : IAsyncDisposable
    {
        public KeepingServer Server { get; } = new();

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }
}

/// <summary>A server that keeps nothing has nothing to back up.</summary>
public sealed class NoBackUpTests(NoBackUpTests.ForgetfulServer server) : IClassFixture<NoBackUpTests.ForgetfulServer>
{
    [Fact]
    public async Task In_memory_there_is_nothing_to_back_up()
    {
        using var refused = await server.SendAsync(HttpMethod.Post, "/api/backup", "operator-token");
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        var problem = JsonNode.Parse(await refused.Content.ReadAsStringAsync())!;
        Assert.Contains("keeps nothing", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Near_its_limit_the_storage_takes_no_new_jobs_and_the_ends_of_those_that_run()
    {
        var go = Path.Combine(server.Folder, "go");
        var task = await server.ImportAsync($"until [ -e {go} ]; do sleep 0.1; done; echo '[\"ended\"]'", task: new
        {
            task_arguments = new[] { new { order = 0, type = "input", label = "text" } },
        });
        var path = $"/acme/task/{task["id"]}/job";
        using var first = await server.SendAsync(HttpMethod.Post, path, json: "[1]", headers: ("Prefer", "respond-async"));
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        var body = $"[\"{new string('x', 100_000)}\"]";
        await Eventually.TrueAsync(async () => await CallAsync(path, body) == HttpStatusCode.ServiceUnavailable, "new jobs are refused");
        await File.WriteAllTextAsync(go, "");
        using var ended = await server.SendAsync(HttpMethod.Get, first.Headers.Location!.ToString());
        Assert.Equal("[\"ended\"]", await ended.Content.ReadAsStringAsync());
    }

    private async Task<HttpStatusCode> CallAsync(string path, string body)
    {
        using var response = await server.SendAsync(HttpMethod.Post, path, json: body, headers: ("Prefer", "respond-async"));
        return response.StatusCode;
    }

    /// <summary>A server in memory, with little of it for jobs.</summary>
    public sealed class ForgetfulServer : TestServer
    {
        protected override string[] Settings =>
            ["--Storage:EmbeddedLimit=2097152", $"--Operator:TokenSha256={Convert.ToHexStringLower(Secret.Hash("operator-token"))}"];
    }
}
