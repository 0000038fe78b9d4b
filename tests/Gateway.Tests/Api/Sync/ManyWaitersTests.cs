using System.Text.Json.Nodes;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Sync;

/// <summary>Many at once, in servers that run few scripts.</summary>
public abstract class ManyWaitersTests(TestServer server)
{
    [Fact]
    public async Task Five_hundred_calls_at_once_all_get_their_own_answer()
    {
        var tasks = Path.Combine(AppContext.BaseDirectory, "tasks");
        var recipe = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(tasks, "slow.json")))!;
        recipe["file"]!["data"] = Convert.ToBase64String(await File.ReadAllBytesAsync(Path.Combine(tasks, "slow.sh")));
        var task = await server.ImportRecipeAsync(recipe.ToJsonString());
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(call => server.CallAsync(task, $"[0.01,\"call {call}\"]")));
        Assert.Equal(Enumerable.Range(0, 500).Select(call => (200, $"[\"call {call}\"]")), answers);
    }

    [Fact]
    public async Task A_hundred_clients_of_one_job_get_the_same_answer_although_one_disconnects()
    {
        var gate = new AttachTests.Gate(server);
        var named = Path.Combine(server.Folder, "job");
        var task = await server.ImportAsync($"printf '%s' \"$THEEYE_JOB\" > {named}.new; mv {named}.new {named}; {gate.Script}");
        var first = server.CallAsync(task);
        await TestServer.UntilAsync(() => File.Exists(named));
        var job = JsonNode.Parse(await File.ReadAllTextAsync(named))!["id"]!.GetValue<string>();

        using var hangUp = new CancellationTokenSource();
        var gone = server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result", cancellation: hangUp.Token);
        var attached = Enumerable.Range(0, 100).Select(async _ =>
        {
            using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }).ToArray();
        await TestServer.UntilAsync(() => server.Hub.Waiters == 102);
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        await TestServer.UntilAsync(() => server.Hub.Waiters == 101);
        gate.Open();
        foreach (var answer in await Task.WhenAll(attached))
        {
            Assert.Equal(await first, answer);
        }

        Assert.Equal(1, gate.Runs);
    }
}

public sealed class LocalCrowdTests(LocalCrowdTests.Server server) : ManyWaitersTests(server), IClassFixture<LocalCrowdTests.Server>
{
    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--LocalExecutor:Concurrency=8"];
    }
}

public sealed class TheEyeCrowdTests(TheEyeCrowdTests.Server server) : ManyWaitersTests(server), IClassFixture<TheEyeCrowdTests.Server>
{
    public sealed class Server : TheEyeTestServer
    {
        protected override int Agents => 8;
    }
}

// Of the local executor only: TheEye has the queue of its jobs itself, and refuses none for its length.
public sealed class FullQueueTests(FullQueueTests.Server server) : IClassFixture<FullQueueTests.Server>
{
    [Fact]
    public async Task A_call_without_a_place_in_the_queue_is_a_503_and_runs_nothing()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var running = server.CallAsync(task);
        await TestServer.UntilAsync(() => gate.Runs == 1);
        using var refused = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job");
        Assert.Equal(503, (int)refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.False(refused.Headers.Contains("Job-Id"));
        Assert.Equal(ProblemExamples.Start.Single(start => start.Name == "queue-full").Problem.Render().ToArray(), await refused.Content.ReadAsByteArrayAsync());
        gate.Open();
        Assert.Equal(200, (await running).Status);
        Assert.Equal(1, gate.Runs);
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--LocalExecutor:Concurrency=1", "--LocalExecutor:QueueLimit=0"];
    }
}
