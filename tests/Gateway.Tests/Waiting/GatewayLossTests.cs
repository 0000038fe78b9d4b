using SyncCluster.Harness;
using SyncCluster.Jobs;
using static SyncCluster.Gateway.Tests.Waiting.WaiterHubExtensions;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>
/// A gateway is lost while it waits for jobs. On TestingHost, where the client that the gateway is on is killed and another one is started. That a
/// gateway's process takes only its own HTTP connections along is shown with SIGKILL in <c>Cluster.Tests</c>.
/// </summary>
[Trait(WaitingRules.Trait, "I6"), Trait(WaitingRules.Trait, "I8")]
public sealed class GatewayLossTests(WaitingCluster cluster) : IClassFixture<WaitingCluster>
{
    [Fact]
    public async Task A_job_of_a_lost_gateway_goes_on_although_its_caller_wanted_it_canceled_on_disconnect()
    {
        var job = cluster.NewJob(spec => spec with { CallerWaitsUntil = DateTimeOffset.MaxValue });
        await LoseGatewayAsync(job);
        var gateway = await cluster.GatewayAsync();
        var found = gateway.AttachAndWaitAsync(job);
        await job.FinishAsync();
        Assert.Equal((await job.StoredAsync())!.Document!, Reply<JobReply.Finished>(await found.WaitAsync(JobTestCluster.Patience)).Job.Document);
    }

    [Fact]
    public async Task A_repeated_call_with_the_same_key_finds_the_job_of_a_lost_gateway_and_does_not_release_it_again()
    {
        var job = cluster.NewJob(spec => spec with { Fingerprint = "call"u8.ToArray() });
        await LoseGatewayAsync(job);
        var gateway = await cluster.GatewayAsync();
        var repeated = gateway.SubmitAndWaitAsync(job);
        await Eventually.TrueAsync(() => gateway.Waiters == 1, "the repeated call waits");
        await job.FinishAsync();
        Reply<JobReply.Finished>(await repeated.WaitAsync(JobTestCluster.Patience));
        Assert.Single(job.Executor.Attempts);
    }

    [Fact]
    public async Task The_end_is_stored_for_a_job_that_only_a_lost_gateway_has_waited_for()
    {
        var job = cluster.NewJob();
        await LoseGatewayAsync(job);
        await job.FinishAsync();
        Assert.IsType<JobReply.Finished>(await job.Grain.Attach(null, Reading.Fresh));
    }

    /// <summary>Has a gateway wait for a job, and then be gone without a word.</summary>
    private async Task LoseGatewayAsync(TestJob job)
    {
        var gateway = await cluster.GatewayAsync();
        _ = gateway.SubmitAndWaitAsync(job);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        await cluster.KillClientAsync();
        await cluster.StartClientAsync();
        Assert.False((await job.StoredAsync())!.HasEnded);
    }
}
