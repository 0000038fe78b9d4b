using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;
using Gate = SyncCluster.Gateway.Tests.Api.Jobs.AttachTests.Gate;

namespace SyncCluster.Gateway.Tests.Api.Jobs;

/// <summary>What a cancel answers is what is stored.</summary>
public abstract class CancelTests(TestServer server)
{
    [Fact]
    public async Task A_job_whose_cancel_was_answered_204_has_ended_as_canceled()
    {
        var (_, job) = await StartAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await CancelAsync(job)).Status);
        Assert.Equal(("terminated", "canceled"), await EndAsync(job));
    }

    [Fact]
    public async Task Two_cancels_at_once_are_both_told_that_the_job_is_canceled()
    {
        var (_, job) = await StartAsync();
        var answers = await Task.WhenAll(CancelAsync(job), CancelAsync(job));
        var (lifecycle, _) = await EndAsync(job);
        Assert.Equal("terminated", lifecycle);

        // The second may come when the job has ended.
        Assert.All(answers, answer => Assert.True(answer is (HttpStatusCode.NoContent, null) or (HttpStatusCode.Conflict, "terminated"), $"{answer}"));
        Assert.Contains(answers, answer => answer.Status == HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_repeated_cancel_is_told_how_the_job_has_ended()
    {
        var (_, job) = await StartAsync();
        await CancelAsync(job);
        Assert.Equal((HttpStatusCode.Conflict, "terminated"), await CancelAsync(job));
        var (gate, other) = await StartAsync();
        gate.Open();
        await EndAsync(other);
        Assert.Equal((HttpStatusCode.Conflict, "finished"), await CancelAsync(other));
    }

    [Fact]
    public async Task A_cancel_that_comes_as_the_script_ends_tells_which_of_the_two_was_first()
    {
        for (var round = 0; round < 6; round++)
        {
            // Not more than run at once.
            var jobs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => StartAsync()));
            var answers = await Task.WhenAll(jobs.Select(async (started, number) =>
            {
                started.Gate.Open();
                for (var pause = 0; pause < number * 2; pause++)
                {
                    using var read = await server.SendAsync(HttpMethod.Get, $"/acme/job/{started.Job}/lifecycle");
                }

                var (status, _) = await CancelAsync(started.Job);
                return (Status: status, End: await EndAsync(started.Job));
            }));
            Assert.All(answers, answer => Assert.Equal(
                (answer.End, answer.End.Lifecycle == "finished" ? HttpStatusCode.Conflict : HttpStatusCode.NoContent), (answer.End, answer.Status)));
        }
    }

    /// <summary>A job whose script runs until its gate is opened.</summary>
    private async Task<(Gate Gate, string Job)> StartAsync()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var started = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/job", headers: [("Prefer", "respond-async")]);
        Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
        await TestServer.UntilAsync(() => gate.Runs == 1);
        return (gate, started.Headers.GetValues("Job-Id").Single());
    }

    private async Task<(HttpStatusCode Status, string? Lifecycle)> CancelAsync(string job)
    {
        using var response = await server.SendAsync(HttpMethod.Put, $"/acme/job/{job}/cancel", TestServer.Viewer);
        var body = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, body.Length == 0 ? null : (string?)JsonNode.Parse(body)!["lifecycle"]);
    }

    private async Task<(string Lifecycle, string State)> EndAsync(string job)
    {
        using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result?full");
        var document = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        return ((string)document["lifecycle"]!, (string)document["state"]!);
    }
}

[Collection(SharedServer.Name)]
public sealed class LocalCancelTests(TestServer server) : CancelTests(server);

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeCancelTests(TheEyeTestServer server) : CancelTests(server);

/// <summary>A script that takes longer to clean up than a cancel waits.</summary>
public sealed class SlowlyStoppingTests(SlowlyStoppingTests.Server server) : IClassFixture<SlowlyStoppingTests.Server>
{
    [Fact]
    public async Task A_cancel_whose_job_has_not_ended_in_time_is_a_504_and_the_job_ends()
    {
        var (ready, cleanedUp) = (Path.Combine(server.Folder, "ready"), Path.Combine(server.Folder, "cleaned-up"));
        var task = await server.ImportAsync($"trap '' TERM; touch {ready}; until [ -e {cleanedUp} ]; do sleep 0.1; done");
        using var started = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/job", headers: [("Prefer", "respond-async")]);
        var job = started.Headers.GetValues("Job-Id").Single();
        await TestServer.UntilAsync(() => File.Exists(ready));
        using var canceled = await server.SendAsync(HttpMethod.Put, $"/acme/job/{job}/cancel");
        Assert.Equal((HttpStatusCode.GatewayTimeout, $"/acme/job/{job}/result"), (canceled.StatusCode, canceled.Headers.Location!.ToString()));
        await File.WriteAllTextAsync(cleanedUp, "");
        using var result = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result?full");
        Assert.Equal("canceled", (string)JsonNode.Parse(await result.Content.ReadAsStringAsync())!["state"]!);
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--Waiting:CancelTime=00:00:05", "--LocalExecutor:KillGrace=00:01:00"];
    }
}
