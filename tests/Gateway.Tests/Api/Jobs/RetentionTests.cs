using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;

namespace SyncCluster.Gateway.Tests.Api.Jobs;

/// <summary>A server that is set up to keep only the newest jobs.</summary>
public abstract class RetentionTests(TestServer server)
{
    private const string KeepsOne = "--Storage:Customers:acme:KeptJobs=1";

    [Fact]
    public async Task A_job_that_is_not_kept_is_gone_and_a_repeat_of_its_call_is_a_410()
    {
        var runs = Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));
        var task = await server.ImportAsync($"""echo run >> {runs}; echo '["done"]'""");
        var jobs = new List<string>();
        foreach (var key in (string[])["first", "second", "third"])
        {
            using var called = await CallAsync(task, key);
            jobs.Add(called.Headers.GetValues("Job-Id").Single());
            await server.AgeJobAsync("acme", jobs[^1]);
        }

        // In a cluster the index hears of an end a moment later.
        var removed = 0;
        await Eventually.TrueAsync(
            async () => (removed += await server.Retention.RunAsync(CancellationToken.None) ?? 0) >= 2, "the passes have removed the jobs");
        Assert.Equal(2, removed);
        Assert.Equal(0, await server.Retention.RunAsync(CancellationToken.None));
        using var listed = await server.SendAsync(HttpMethod.Get, $"/acme/job?where[task_id]={task["id"]}");
        Assert.Equal(jobs[2], (string?)JsonNode.Parse(await listed.Content.ReadAsStringAsync())!.AsArray().Single()!["id"]);
        using var gone = await CallAsync(task, "first");
        using var kept = await CallAsync(task, "third");
        Assert.Equal((HttpStatusCode.Gone, HttpStatusCode.OK), (gone.StatusCode, kept.StatusCode));
        Assert.Equal(3, (await File.ReadAllLinesAsync(runs)).Length);
    }

    private Task<HttpResponseMessage> CallAsync(JsonNode task, string key) =>
        server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: ("Idempotency-Key", key));

    public sealed class KeepingServer : TestServer
    {
        protected override string[] Settings => [KeepsOne];
    }

    public sealed class KeepingCluster : ClusterTestServer
    {
        protected override string[] Settings => [.. base.Settings, KeepsOne];
    }
}

public sealed class OwnRetentionTests(RetentionTests.KeepingServer server) : RetentionTests(server), IClassFixture<RetentionTests.KeepingServer>;

public sealed class ClusterRetentionTests(RetentionTests.KeepingCluster server) : RetentionTests(server), IClassFixture<RetentionTests.KeepingCluster>;
