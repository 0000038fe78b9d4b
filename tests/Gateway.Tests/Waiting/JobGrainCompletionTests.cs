using Orleans.Core.Internal;
using SyncCluster.Execution;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>Whoever waits hears the end, once it is durable, and it stays as it is (rules I1, I3, I4, I6, I7, I9).</summary>
public sealed class JobGrainCompletionTests(JobCluster cluster) : IClassFixture<JobCluster>
{
    [Fact]
    public async Task All_gateways_hear_the_end()
    {
        var job = cluster.NewJob();
        var first = await job.SubmitAsync();
        TestObserver[] others = [job.Ear(), job.Ear(), job.Ear()];
        foreach (var ear in others)
        {
            Assert.IsType<JobReply.Pending>(await job.Grain.Attach(ear.Subscription(1), Reading.Cached));
        }

        await job.FinishAsync();
        var document = (await job.StoredAsync())!.Document!;
        foreach (var ear in others.Append(first))
        {
            var finished = await ear.FirstAsync();
            Assert.Equal(document, finished.Document);
            Assert.Equal((job.Key, Lifecycle.Finished, JobState.Success), (finished.Key, finished.Lifecycle, finished.State));
        }
    }

    [Fact]
    public async Task Who_subscribes_to_a_finished_job_gets_it_in_the_reply()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        await job.FinishAsync();
        Assert.IsType<JobReply.Finished>(await job.Grain.Attach(job.Ear().Subscription(1), Reading.Cached));
        Assert.IsType<JobReply.Finished>(await job.Grain.Submit(job.Spec, job.Ear().Subscription(1), TestJob.Valid));
        Assert.Single(job.Executor.Attempts);
    }

    [Theory]
    [InlineData(Fault.None)]
    [InlineData(Fault.Before)]
    [InlineData(Fault.After)]
    public async Task A_dummy_is_finished_in_the_reply(Fault fault)
    {
        var job = cluster.NewJob(TaskType.Dummy);
        job.Storage.NextWrites(fault);
        var reply = Assert.IsType<JobReply.Finished>(await job.Grain.Submit(job.Spec, job.Ear().Subscription(1), TestJob.Valid));
        Assert.Equal((await job.StoredAsync())!.Document!, reply.Job.Document);
        Assert.Empty(job.Executor.Attempts);
    }

    [Fact]
    public async Task An_end_found_by_a_read_is_told_to_everybody()
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        await job.EndBehindTheGrainAsync();
        Assert.IsType<JobReply.Finished>(await job.Grain.Attach(null, Reading.Fresh));
        await ear.FirstAsync();
    }

    [Fact]
    public async Task Memory_answers_while_nothing_speaks_against_it()
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(ear.Subscription(2), Reading.Cached));
        Assert.Equal(0, job.Storage.Reads);
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(ear.Subscription(3), Reading.Fresh));
        Assert.Equal(1, job.Storage.Reads);
    }

    [Fact]
    public async Task An_end_that_can_not_be_stored_is_told_to_nobody_until_its_repeat()
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        var run = await job.RunAsync();
        job.Storage.AllWritesFail = true;
        Assert.Equal(Completion.Retry, await job.Grain.Complete(run, TestJob.Success));
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(ear.Subscription(2), Reading.Cached));
        Assert.Empty(ear.WasStored);

        job.Storage.AllWritesFail = false;
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run, TestJob.Success));
        await ear.FirstAsync();
    }

    [Fact]
    public async Task An_end_whose_write_was_applied_but_reported_failed_is_accepted_and_told()
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        var run = await job.RunAsync();
        job.Storage.NextWrites(Fault.After);
        job.Storage.AllReadsFail = true;
        Assert.Equal(Completion.Retry, await job.Grain.Complete(run, TestJob.Success));
        Assert.Empty(ear.WasStored);

        job.Storage.AllReadsFail = false;
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run, TestJob.Success));
        await ear.FirstAsync();
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run, TestJob.Success));
    }

    [Fact]
    public async Task A_storage_that_fails_is_an_answer_and_never_an_exception()
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        var attempt = Assert.Single(job.Executor.Attempts);
        job.Storage.AllReadsFail = true;
        job.Storage.AllWritesFail = true;
        Assert.Equal(Assignment.Retry, await job.AssignAsync(attempt, Guid.NewGuid()));
        Assert.Equal(Completion.Retry, await job.Grain.Complete(Guid.NewGuid(), TestJob.Success));
        Assert.Equal(Cancellation.Unavailable, await job.Grain.Cancel());
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Attach(ear.Subscription(1), Reading.Fresh));

        // And the subscriber is still there.
        job.Storage.AllReadsFail = false;
        job.Storage.AllWritesFail = false;
        await job.FinishAsync();
        await ear.FirstAsync();
    }

    [Fact]
    public async Task A_finished_job_never_changes()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        var run = await job.RunAsync();
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run, TestJob.Success));
        var document = (await job.StoredAsync())!.Document!;
        var written = job.Storage.Written;
        Assert.Equal(Completion.AlreadyFinished, await job.Grain.Complete(run, TestJob.Failure));
        Assert.Equal(Completion.AlreadyFinished, await job.Grain.Complete(Guid.NewGuid(), TestJob.Failure));
        Assert.Equal(Cancellation.AlreadyEnded, await job.Grain.Cancel());
        Assert.Equal(Assignment.Refused, await job.AssignAsync(job.Executor.Attempts.Last(), Guid.NewGuid()));
        Assert.Equal(document, (await job.StoredAsync())!.Document);
        Assert.Equal(written, job.Storage.Written);
    }

    [Fact]
    public async Task The_end_of_an_unknown_run_changes_nothing()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        var run = await job.RunAsync();
        Assert.Equal(Completion.AlreadyFinished, await job.Grain.Complete(Guid.NewGuid(), TestJob.Failure));
        Assert.Equal(Lifecycle.Assigned, (await job.StoredAsync())!.Lifecycle);
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run, TestJob.Success));
        Assert.Equal(Completion.AlreadyFinished, await cluster.NewJob().Grain.Complete(run, TestJob.Success));
    }

    [Fact]
    public async Task The_end_of_a_run_that_another_activation_granted_is_accepted_and_told()
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        var run = Guid.NewGuid();
        await job.PutAsync((await job.StoredAsync())!.AssignedTo(run, cluster.Executor.Address, DateTimeOffset.UtcNow));
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run, TestJob.Success));
        await ear.FirstAsync();
    }

    [Fact]
    public async Task A_gateway_that_left_before_it_subscribed_again_hears_the_end()
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(ear.Subscription(3), Reading.Cached));

        // An older call that comes late takes nothing back.
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(ear.Subscription(1), Reading.Cached));
        await job.Grain.Leave(ear.Subscription(2));
        await job.FinishAsync();
        await ear.FirstAsync();
    }

    [Fact]
    public async Task A_gateway_that_left_costs_the_others_nothing_and_hears_nothing()
    {
        var job = cluster.NewJob();
        var gone = await job.SubmitAsync();
        var stays = job.Ear();
        await job.Grain.Attach(stays.Subscription(1), Reading.Cached);
        await job.Grain.Leave(gone.Subscription(1));
        await job.FinishAsync();
        await stays.FirstAsync();
        Assert.Empty(gone.WasStored);
    }

    [Fact]
    public async Task A_push_that_fails_twice_is_tried_a_third_time_and_delays_nobody()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        var deaf = job.Ear(failures: 2);
        var other = job.Ear();
        await job.Grain.Attach(deaf.Subscription(1), Reading.Cached);
        await job.Grain.Attach(other.Subscription(1), Reading.Cached);
        await job.FinishAsync();
        await other.FirstAsync();
        await deaf.FirstAsync();
        Assert.Equal(3, deaf.WasStored.Count);
        Assert.Single(deaf.Heard);
    }

    [Fact]
    public async Task A_lost_job_is_ended_by_who_asks_next_and_everybody_is_told()
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        await job.RunAsync();
        job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.End(ServerOutcomes.LostWithItsRunner()));
        var reply = Assert.IsType<JobReply.Finished>(await job.Grain.Attach(null, Reading.Fresh));
        Assert.Equal(Lifecycle.Terminated, reply.Job.Lifecycle);
        Assert.Equal(reply.Job.Document, (await ear.FirstAsync()).Document);
        Assert.Equal(reply.Job.Document, (await job.StoredAsync())!.Document);
    }

    [Fact]
    public async Task A_lost_job_whose_end_can_not_be_stored_is_unavailable_and_resolved_later()
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        await job.RunAsync();
        job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.End(ServerOutcomes.LostWithItsRunner()));
        job.Storage.AllWritesFail = true;
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Attach(null, Reading.Fresh));
        Assert.Empty(ear.WasStored);
        job.Storage.AllWritesFail = false;
        Assert.IsType<JobReply.Finished>(await job.Grain.Attach(null, Reading.Cached));
        await ear.FirstAsync();
    }

    [Theory]
    [InlineData(Fault.None)]
    [InlineData(Fault.Before)]
    [InlineData(Fault.After)]
    public async Task A_waiting_job_that_is_canceled_ends_and_never_runs(Fault fault)
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        job.Storage.NextWrites(fault);
        Assert.Equal(Cancellation.Accepted, await job.Grain.Cancel());
        var finished = await ear.FirstAsync();
        Assert.Equal((Lifecycle.Canceled, JobState.Canceled), (finished.Lifecycle, finished.State));
        Assert.Equal(Assignment.Refused, await job.AssignAsync(Assert.Single(job.Executor.Attempts), Guid.NewGuid()));
        Assert.Equal(Lifecycle.Canceled, (await job.StoredAsync())!.Lifecycle);
    }

    [Fact]
    public async Task A_running_job_that_is_canceled_ends_by_its_completion()
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        var run = await job.RunAsync();
        job.Executor.Stops = true;
        Assert.Equal(Cancellation.Accepted, await job.Grain.Cancel());
        Assert.Equal(Lifecycle.Assigned, (await job.StoredAsync())!.Lifecycle);
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run, TestJob.Failure));
        await ear.FirstAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_job_that_is_ended_by_force_is_over_whatever_its_run_still_says(bool runs)
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        var run = runs ? await job.RunAsync() : Guid.NewGuid();
        Assert.Equal(Cancellation.Accepted, await job.Grain.Terminate());
        var finished = await ear.FirstAsync();
        Assert.Equal((Lifecycle.Terminated, JobState.Failure), (finished.Lifecycle, finished.State));
        Assert.Equal(Completion.AlreadyFinished, await job.Grain.Complete(run, TestJob.Success));
        Assert.Equal(Assignment.Refused, await job.AssignAsync(Assert.Single(job.Executor.Attempts), Guid.NewGuid()));
        Assert.Equal(Cancellation.AlreadyEnded, await job.Grain.Terminate());
        Assert.Equal(finished.Document, (await job.StoredAsync())!.Document);
    }

    [Fact]
    public async Task A_grain_that_leaves_memory_tells_who_waits_and_nobody_else()
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        var left = job.Ear();
        await job.Grain.Attach(left.Subscription(1), Reading.Cached);
        await job.Grain.Leave(left.Subscription(1));
        await job.Grain.Cast<IGrainManagementExtension>().DeactivateOnIdle();
        await TestServer.UntilAsync(() => !ear.Moves.IsEmpty);
        Assert.Equal([job.Key], ear.Moves);
        Assert.Empty(left.Moves);
    }

    [Fact]
    public async Task A_job_that_does_not_exist_can_not_be_waited_for_nor_canceled()
    {
        var job = cluster.NewJob();
        Assert.IsType<JobReply.NotFound>(await job.Grain.Attach(job.Ear().Subscription(1), Reading.Cached));
        Assert.Equal(Cancellation.NotFound, await job.Grain.Cancel());
    }
}
