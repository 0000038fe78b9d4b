using SyncCluster.Harness;
using SyncCluster.Jobs;

namespace SyncCluster.Grains.Tests.Jobs;

/// <summary>
/// The end of a job that an external system runs: no runner of this cluster was assigned to it. On TestingHost: the reports are grain calls, and need
/// no crash of a process.
/// </summary>
[Collection(JobCluster.Name)]
public sealed class JobGrainExternalCompletionTests(JobCluster cluster)
{
    private static readonly JobOutcome Outcome = JobOutcome.Of(Lifecycle.Finished, JobState.Success, "{\"id\":\"external\"}"u8.ToArray());

    [Theory]
    [InlineData(JobOrigin.AllocatedAtTheEye)]
    [InlineData(JobOrigin.ExternallyReleased)]
    public async Task An_external_end_is_stored_and_sent_to_the_waiters(JobOrigin origin)
    {
        var (job, observer) = await SubmitAsync(origin);
        Assert.Equal(Completion.Accepted, await job.Grain.CompleteExternal(Outcome));
        Assert.Equal(Outcome.Document, (await observer.FirstAsync()).Document);
        Assert.Equal((Lifecycle.Finished, Guid.Empty), ((await job.StoredAsync())!.Lifecycle, (await job.StoredAsync())!.Run));
    }

    [Fact]
    public async Task A_repeated_external_report_is_accepted_and_another_end_is_not()
    {
        var (job, _) = await SubmitAsync(JobOrigin.AllocatedAtTheEye);
        await job.Grain.CompleteExternal(Outcome);
        Assert.Equal(Completion.Accepted, await job.Grain.CompleteExternal(Outcome));
        Assert.Equal(Completion.AlreadyFinished, await job.Grain.CompleteExternal(Outcome with { State = JobState.Failure }));
        Assert.Equal(Outcome.Document, (await job.StoredAsync())!.Document);
    }

    [Fact]
    public async Task The_report_of_a_silo_of_version_0_1_which_has_an_empty_run_ends_the_job()
    {
        var (job, observer) = await SubmitAsync(JobOrigin.AllocatedAtTheEye);
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(Guid.Empty, Outcome));
        Assert.Equal(Outcome.Document, (await observer.FirstAsync()).Document);
        Assert.Equal(Completion.Accepted, await job.Grain.CompleteExternal(Outcome));
    }

    [Fact]
    public async Task An_external_report_does_not_end_a_job_that_a_runner_runs()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        await job.RunAsync();
        Assert.Equal(Completion.AlreadyFinished, await job.Grain.CompleteExternal(Outcome));
        Assert.Equal(Lifecycle.Assigned, (await job.StoredAsync())!.Lifecycle);
    }

    private async Task<(TestJob Job, TestObserver Observer)> SubmitAsync(JobOrigin origin)
    {
        var job = new TestJob(cluster, cluster.NewJob().Spec with { Origin = origin });
        return (job, await job.SubmitAsync());
    }
}
