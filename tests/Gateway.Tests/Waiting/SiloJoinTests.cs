using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using static SyncCluster.Gateway.Tests.Waiting.WaiterHubExtensions;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>A silo joins while callers wait. On TestingHost, where all messages that say that a job moves can be lost.</summary>
public sealed class SiloJoinTests(WaitingCluster cluster) : IClassFixture<WaitingCluster>
{
    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task Callers_are_answered_although_no_grain_can_say_that_its_job_moves()
    {
        var gateway = await cluster.WatchingGatewayAsync();
        var jobs = Enumerable.Range(0, 60).Select(_ => cluster.NewJob()).ToArray();
        var waits = jobs.Select(job => gateway.SubmitAndWaitAsync(job, WaitingCluster.Hour)).ToArray();
        await Task.WhenAll(jobs.Select(job => job.Executor.First.Task)).WaitAsync(JobTestCluster.Patience);

        cluster.LosesMoves = true;
        var joined = await cluster.StartSiloAsync();
        await Eventually.TrueAsync(
            () => jobs.All(job => !cluster.SilosOf(job).Except([cluster.OwnerOf(job)]).Any()), "the jobs have left the silos that do not own them");
        Assert.Contains(jobs, job => cluster.OwnerOf(job) == joined);

        await Task.WhenAll(jobs.Select(job => job.FinishAsync()));
        Assert.All(await Task.WhenAll(waits).WaitAsync(JobTestCluster.Patience), answer => Reply<JobReply.Finished>(answer));
        Assert.All(jobs, job => Assert.Single(job.Executor.Attempts));
    }

    /// <summary>The silo that owned the job stores it when the call was sent to the new owner as well, and the job has started there.</summary>
    [Fact, Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I7")]
    public async Task Calls_whose_jobs_are_being_stored_while_a_silo_joins_run_once_each_and_are_answered()
    {
        cluster.LosesMoves = false;

        // Its submits are still valid when they are stored, however long a silo takes to join: else the silo that owned the job would release nothing.
        var ahead = new ShiftedClock();
        ahead.ForwardDate(TimeSpan.FromHours(1));
        var gateway = await cluster.WatchingGatewayAsync(ahead);
        var jobs = Enumerable.Range(0, 60).Select(_ => cluster.NewJob()).ToArray();
        var stored = new TaskCompletionSource();
        var begun = jobs.Select(job => HoldWrite(job, stored.Task)).ToArray();
        var waits = jobs.Select(job => gateway.SubmitAndWaitAsync(job, WaitingCluster.Hour)).ToArray();
        await Task.WhenAll(begun).WaitAsync(JobTestCluster.Patience);

        var joined = await cluster.StartSiloAsync();
        await Eventually.TrueAsync(
            () => cluster.Silos.All(silo => jobs.Any(job => cluster.OwnerOf(job, silo) == joined)), "all silos know that the new one owns jobs");
        var moved = jobs.Where(job => cluster.OwnerOf(job) == joined).ToArray();
        await Task.WhenAll(moved.Select(job => job.Executor.First.Task)).WaitAsync(JobTestCluster.Patience);
        stored.SetResult();

        await Task.WhenAll(jobs.Select(job => job.Executor.First.Task)).WaitAsync(JobTestCluster.Patience);
        await Task.WhenAll(jobs.Select(job => job.FinishAsync()));
        Assert.All(await Task.WhenAll(waits).WaitAsync(JobTestCluster.Patience), answer => Reply<JobReply.Finished>(answer));
        Assert.All(jobs, job => Assert.Single(job.Executor.Attempts));
    }

    [Fact, Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I7")]
    public async Task Calls_that_are_submitted_while_a_silo_joins_run_once_each_and_are_answered()
    {
        cluster.LosesMoves = false;
        var gateway = await cluster.WatchingGatewayAsync();
        var joining = cluster.StartSiloAsync();
        var jobs = new List<TestJob>();
        var waits = new List<Task<WaitResult>>();
        do
        {
            jobs.Add(cluster.NewJob());
            waits.Add(gateway.SubmitAndWaitAsync(jobs[^1], WaitingCluster.Hour));
            await jobs[^1].Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        }
        while (!joining.IsCompleted || jobs.Count < 60);
        var joined = await joining;
        Assert.Contains(jobs, job => cluster.OwnerOf(job) == joined);

        await Task.WhenAll(jobs.Select(job => job.FinishAsync()));
        Assert.All(await Task.WhenAll(waits).WaitAsync(JobTestCluster.Patience), answer => Reply<JobReply.Finished>(answer));
        Assert.All(jobs, job => Assert.Single(job.Executor.Attempts));
    }

    /// <summary>Holds the next write of a job's record.</summary>
    /// <returns>Ends when it has begun.</returns>
    private static Task HoldWrite(TestJob job, Task until)
    {
        var begun = new TaskCompletionSource();
        job.Storage.BeforeNextWrite(() =>
        {
            begun.SetResult();
            return until;
        });
        return begun.Task;
    }
}
