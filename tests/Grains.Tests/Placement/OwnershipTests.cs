using SyncCluster.Harness;
using SyncCluster.Jobs;

namespace SyncCluster.Grains.Tests.Placement;

/// <summary>
/// Jobs whose silos see the cluster differently: messages reach an activation on a silo that does not own the job, late ones included. On
/// TestingHost, where one silo is made to miss another one.
/// </summary>
public sealed class OwnershipTests(OwnershipCluster cluster) : IClassFixture<OwnershipCluster>
{
    [Fact]
    public async Task A_job_is_in_the_memory_of_the_silo_that_owns_it()
    {
        var jobs = Enumerable.Range(0, 40).Select(_ => cluster.NewJob()).ToArray();
        await Task.WhenAll(jobs.Select(job => job.SubmitAsync()));
        Assert.All(jobs, job => Assert.Equal([cluster.OwnerOf(job)], cluster.SilosOf(job)));
        Assert.All(jobs, job => Assert.Equal(cluster.OwnerOf(job).SiloAddress, job.Executor.SiloOf(job.Executor.Attempts.Single())));
    }

    [Fact, Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I7")]
    public async Task A_silo_that_does_not_own_a_job_answers_and_sends_the_gateway_to_the_owner()
    {
        using var disputed = cluster.NewDisputedJob();
        var job = disputed.Job;
        var observer = job.Observer();
        var reply = await disputed.GrainByMistake.Submit(job.Spec, observer.Subscription(1), TestJob.Valid);
        Assert.True(Assert.IsType<JobReply.Pending>(reply).Leaving);
        Assert.Equal(disputed.Stray!.SiloAddress, job.Executor.SiloOf(job.Executor.Attempts.Single()));
        await Eventually.TrueAsync(() => observer.Moves.Contains(job.Key) && cluster.SilosOf(job).Length == 0, "the grain has left the wrong silo");

        reply = await disputed.Grain.Attach(observer.Subscription(2), Reading.Cached);
        Assert.False(Assert.IsType<JobReply.Pending>(reply).Leaving);
        Assert.Equal([disputed.Owner], cluster.SilosOf(job));
        disputed.Agree();
        await job.FinishAsync();
        await observer.FirstAsync();
        Assert.Single(job.Executor.Attempts);
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task A_late_message_to_a_silo_that_does_not_own_the_job_leaves_nothing_in_its_memory()
    {
        using var disputed = cluster.NewDisputedJob();
        var job = disputed.Job;
        var first = job.Observer();
        await disputed.Grain.Submit(job.Spec, first.Subscription(1), TestJob.Valid);

        var late = job.Observer();
        Assert.True(Assert.IsType<JobReply.Pending>(await disputed.GrainByMistake.Attach(late.Subscription(1), Reading.Cached)).Leaving);
        await Eventually.TrueAsync(() => late.Moves.Contains(job.Key), "the gateway is told to attach again");
        await Eventually.TrueAsync(() => cluster.SilosOf(job) is [var silo] && silo == disputed.Owner, "only the owner has the job in memory");
    }

    [Fact, Trait(WaitingRules.Trait, "I1")]
    public async Task An_end_that_is_reported_to_a_silo_that_does_not_own_the_job_reaches_the_owners_gateways()
    {
        using var disputed = cluster.NewDisputedJob();
        var job = disputed.Job;
        var observer = job.Observer();
        await disputed.Grain.Submit(job.Spec, observer.Subscription(1), TestJob.Valid);
        var run = Guid.NewGuid();
        Assert.Equal(Assignment.Granted, await disputed.Grain.Assign(job.Executor.Attempts.Single(), run, cluster.RunnerAddress));
        Assert.Equal(Completion.Accepted, await disputed.GrainByMistake.Complete(run, TestJob.Success));
        await observer.FirstAsync();
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task An_end_that_a_silo_has_stored_before_it_saw_the_cluster_change_is_found_once_all_have_seen_it()
    {
        using var disputed = cluster.NewDisputedJob(takesItselfForTheOwner: true);
        var job = disputed.Job;
        disputed.OwnerSeesChange();
        var observer = job.Observer();
        await disputed.Grain.Submit(job.Spec, observer.Subscription(1), TestJob.Valid);
        var run = Guid.NewGuid();
        Assert.Equal(Assignment.Granted, await disputed.Grain.Assign(job.Executor.Attempts.Single(), run, cluster.RunnerAddress));
        Assert.Equal(Completion.Accepted, await disputed.GrainByMistake.Complete(run, TestJob.Success));
        Assert.IsType<JobReply.Pending>(await disputed.Grain.Attach(observer.Subscription(2), Reading.Cached));

        cluster.Clock.Forward(TimeSpan.FromSeconds(10));
        Assert.IsType<JobReply.Finished>(await disputed.Grain.Attach(observer.Subscription(3), Reading.Cached));
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task Repeats_of_a_call_that_reach_two_silos_at_once_release_its_job_once()
    {
        for (var round = 0; round < 20; round++)
        {
            using var disputed = cluster.NewDisputedJob(spec => spec with { Fingerprint = "call"u8.ToArray() });
            var job = disputed.Job;
            var replies = await Task.WhenAll(
                disputed.Grain.Submit(job.Spec, job.Observer().Subscription(1), TestJob.Valid),
                disputed.GrainByMistake.Submit(job.Spec, job.Observer().Subscription(1), TestJob.Valid));
            Assert.All(replies, reply => Assert.IsType<JobReply.Pending>(reply));
            Assert.Single(job.Executor.Attempts);
        }
    }

    [Fact, Trait(WaitingRules.Trait, "I6")]
    public async Task A_disconnect_does_not_cancel_a_job_that_another_silo_has_a_waiter_for()
    {
        using var disputed = cluster.NewDisputedJob(CanceledOnDisconnect);
        var job = disputed.Job;
        var (first, other) = (job.Observer(), job.Observer());
        await disputed.Grain.Submit(job.Spec, first.Subscription(1), TestJob.Valid);
        await disputed.GrainByMistake.Attach(other.Subscription(1), Reading.Cached);

        // The other gateway was told to attach again. Until it does, the owner does not know it.
        await disputed.Grain.Attach(first.Subscription(2), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await disputed.Grain.Disconnect(first.Subscription(2)));
        Assert.False((await job.StoredAsync())!.HasEnded);
        await disputed.Grain.Attach(other.Subscription(2), Reading.Cached);
        Assert.Equal(Cancellation.Accepted, await disputed.Grain.Disconnect(other.Subscription(2)));
    }

    [Fact, Trait(WaitingRules.Trait, "I6")]
    public async Task A_gateway_that_has_come_back_at_another_silo_is_not_taken_for_gone()
    {
        using var disputed = cluster.NewDisputedJob(CanceledOnDisconnect);
        var job = disputed.Job;
        var (first, other) = (job.Observer(), job.Observer());
        await disputed.Grain.Submit(job.Spec, first.Subscription(1), TestJob.Valid);
        await disputed.Grain.Attach(other.Subscription(1), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await disputed.Grain.Disconnect(first.Subscription(1)));
        await disputed.GrainByMistake.Attach(first.Subscription(2), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await disputed.Grain.Disconnect(other.Subscription(1)));

        // The owner counts the waiters again, from nothing.
        await disputed.Grain.Attach(other.Subscription(2), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await disputed.Grain.Disconnect(other.Subscription(2)));
        Assert.False((await job.StoredAsync())!.HasEnded);
    }

    [Fact, Trait(WaitingRules.Trait, "I6")]
    public async Task A_gateway_that_comes_at_another_silo_during_the_last_disconnect_keeps_the_job()
    {
        using var disputed = cluster.NewDisputedJob(CanceledOnDisconnect);
        var job = disputed.Job;
        var (first, other) = (job.Observer(), job.Observer());
        await disputed.Grain.Submit(job.Spec, first.Subscription(1), TestJob.Valid);
        job.Storage.BeforeNextWrite(() => disputed.GrainByMistake.Attach(other.Subscription(1), Reading.Cached));
        Assert.Equal(Cancellation.Unavailable, await disputed.Grain.Disconnect(first.Subscription(1)));
        Assert.Equal(Cancellation.NotFound, await disputed.Grain.Disconnect(first.Subscription(1)));
        Assert.False((await job.StoredAsync())!.HasEnded);
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task What_another_silo_stores_of_the_waiters_does_not_keep_the_job_from_running()
    {
        using var disputed = cluster.NewDisputedJob(CanceledOnDisconnect);
        var job = disputed.Job;
        await disputed.Grain.Submit(job.Spec, job.Observer().Subscription(1), TestJob.Valid);
        await disputed.GrainByMistake.Attach(job.Observer().Subscription(1), Reading.Cached);
        Assert.Equal(Assignment.Granted, await disputed.Grain.Assign(job.Executor.Attempts.Single(), Guid.NewGuid(), cluster.RunnerAddress));
        Assert.Equal(2, (await job.StoredAsync())!.Waiters!.Gateways.Length);
    }

    private static JobSpec CanceledOnDisconnect(JobSpec spec) => spec with { CallerWaitsUntil = DateTimeOffset.MaxValue };
}
