using System.Net;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Backends.TheEye;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>What a caller is told who is over a limit of jobs.</summary>
public sealed class JobQuotaCallTests(JobQuotaCallTests.LimitedServer server) : IClassFixture<JobQuotaCallTests.LimitedServer>
{
    [Fact]
    public async Task A_call_above_the_customers_limit_has_a_retry_time_and_a_call_after_an_end_is_accepted()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var quick = await server.ImportAsync("echo '[\"quick\"]'");
        var calls = new[] { server.CallAsync(task), server.CallAsync(task) };
        await TestServer.UntilAsync(() => gate.Runs == 2);
        await RefusedAsync($"/acme/task/{quick["id"]}/job", "The customer may have 2 jobs queued or running at once, and has. Nothing was run: try again when one has ended.");
        gate.Open();
        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal(200, answer.Status));
        for (var call = 0; call < 10; call++)
        {
            Assert.Equal((200, """["quick"]"""), await server.CallAsync(quick));
        }
    }

    private async Task RefusedAsync(string path, string message)
    {
        using var response = await server.SendAsync(HttpMethod.Post, path, json: "[]");
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter!.Delta);
        Assert.Equal(
            ("\"jobs\";q=2", "\"jobs\";r=0"),
            (response.Headers.GetValues("RateLimit-Policy").Single(), response.Headers.GetValues("RateLimit").Single()));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains(message, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("Job-Id"));
    }

    public sealed class LimitedServer : TestServer
    {
        protected override string[] Settings => ["--Limits:Jobs:Customers:acme:Jobs=2"];
    }
}

/// <summary>The same in front of TheEye, where the job has been made by then.</summary>
public sealed class OverLimitAtTheEyeTests(OverLimitAtTheEyeTests.LimitedServer server) : IClassFixture<OverLimitAtTheEyeTests.LimitedServer>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_job_above_the_limit_is_ended_at_TheEye_and_never_run()
    {
        var task = server.AddTask();
        var first = server.CallAsync(task);
        await server.TheEye.WhenAsync(() => server.TheEye.Jobs.Any(job => job.Task.Id == task && job.Runs == 1)).WaitAsync(Patience);
        var other = server.AddTask();
        Assert.Equal(429, (await server.CallAsync(other)).Status);
        await server.TheEye.WhenAsync(() => server.TheEye.Jobs.Single(job => job.Task.Id == other) is { Lifecycle: "canceled", Runs: 0, SyncedCalls: 0 }).WaitAsync(Patience);
        server.End.SetResult();
        Assert.Equal(200, (await first).Status);
        Assert.Equal(200, (await server.CallAsync(other)).Status);
    }

    public sealed class LimitedServer : FrontServer
    {
        /// <summary>What scripts wait for.</summary>
        public TaskCompletionSource End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected override TheEyeOptions Options => new()
        {
            Agent = async (_, canceled) =>
            {
                await End.Task.WaitAsync(canceled);
                return JobEnd.Success("[]");
            },
        };

        protected override string[] Settings => [.. base.Settings, "--Limits:Jobs:PerCustomer=1", "--TheEye:ServiceTokens:acme=admin-token"];
    }
}
