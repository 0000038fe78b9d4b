using SyncCluster.Execution;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Jobs;

/// <summary>
/// Every subscriber gets a job's end, after it is durable, and it never changes. On TestingHost: storage faults, lost runners and repeated reports
/// need no crash of a process.
/// </summary>
[Collection(JobCluster.Name)]
public sealed class JobGrainCompletionTests(JobCluster cluster)
{
    [Fact, Trait(WaitingRules.Trait, "I1")]
    public async Task Every_subscribed_gateway_gets_the_end()
    {
        var job = cluster.NewJob();
        var first = await job.SubmitAsync();
        TestObserver[] others = [job.Observer(), job.Observer(), job.Observer()];
        foreach (var observer in others)
        {
            Assert.IsType<JobReply.Pending>(await job.Grain.Attach(observer.Subscription(1), Reading.Cached));
        }

        await job.FinishAsync();
        var document = (await job.StoredAsync())!.Document!;
        foreach (var observer in others.Append(first))
        {
            var finished = await observer.FirstAsync();
            Assert.Equal(document, finished.Document);
            Assert.Equal((job.Key, Lifecycle.Finished, JobState.Success), (finished.Key, finished.Lifecycle, finished.State));
        }
    }

    [Fact, Trait(WaitingRules.Trait, "I1")]
    public async Task A_job_is_released_after_its_gateway_is_subscribed()
    {
        var job = cluster.NewJob();
        var subscribed = -1;
        job.Executor.OnRelease = _ => subscribed = cluster.GatewaysOf(job);
        await job.SubmitAsync();
        Assert.Equal(1, subscribed);
    }

    [Fact, Trait(WaitingRules.Trait, "I1")]
    public async Task A_subscriber_to_a_finished_job_gets_it_in_the_reply()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        await job.FinishAsync();
        Assert.IsType<JobReply.Finished>(await job.Grain.Attach(job.Observer().Subscription(1), Reading.Cached));
        Assert.IsType<JobReply.Finished>(await job.Grain.Submit(job.Spec, job.Observer().Subscription(1), TestJob.Valid));
        Assert.Single(job.Executor.Attempts);
    }

    [Theory]
    [InlineData(WriteFault.None)]
    [InlineData(WriteFault.Before)]
    [InlineData(WriteFault.After)]
    public async Task A_dummy_task_has_its_answer_in_the_reply(WriteFault fault)
    {
        var job = cluster.NewJob(TaskType.Dummy);
        job.Storage.NextWrites(fault);
        var reply = Assert.IsType<JobReply.Finished>(await job.Grain.Submit(job.Spec, job.Observer().Subscription(1), TestJob.Valid));
        Assert.Equal((await job.StoredAsync())!.Document!, reply.Job.Document);
        Assert.Empty(job.Executor.Attempts);
    }

    [Fact, Trait(WaitingRules.Trait, "I1")]
    public async Task An_end_that_a_read_finds_is_pushed_to_every_subscriber()
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        await job.EndBehindTheGrainAsync();
        Assert.IsType<JobReply.Finished>(await job.Grain.Attach(null, Reading.Fresh));
        await observer.FirstAsync();
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task An_attach_reads_storage_only_if_it_must()
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(observer.Subscription(2), Reading.Cached));
        Assert.Equal(0, job.Storage.Reads);
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(observer.Subscription(3), Reading.Fresh));
        Assert.Equal(1, job.Storage.Reads);
    }

    [Fact, Trait(WaitingRules.Trait, "I3")]
    public async Task An_end_that_cannot_be_stored_is_pushed_only_after_its_repeat()
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        var run = await job.RunAsync();
        job.Storage.AllWritesFail = true;
        Assert.Equal(Completion.Retry, await job.Grain.Complete(run, TestJob.Success));
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(observer.Subscription(2), Reading.Cached));
        Assert.Empty(observer.WasStored);

        job.Storage.AllWritesFail = false;
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run, TestJob.Success));
        await observer.FirstAsync();
    }

    [Fact, Trait(WaitingRules.Trait, "I3")]
    public async Task An_end_whose_write_was_applied_but_reported_as_failed_is_accepted_and_pushed()
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        var run = await job.RunAsync();
        job.Storage.NextWrites(WriteFault.After);
        job.Storage.AllReadsFail = true;
        Assert.Equal(Completion.Retry, await job.Grain.Complete(run, TestJob.Success));
        Assert.Empty(observer.WasStored);

        job.Storage.AllReadsFail = false;
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run, TestJob.Success));
        await observer.FirstAsync();
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run, TestJob.Success));
    }

    [Fact, Trait(WaitingRules.Trait, "I3")]
    public async Task A_storage_fault_is_an_answer_and_the_subscribers_stay()
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        var attempt = Assert.Single(job.Executor.Attempts);
        job.Storage.AllReadsFail = true;
        job.Storage.AllWritesFail = true;
        Assert.Equal(Assignment.Retry, await job.AssignAsync(attempt, Guid.NewGuid()));
        Assert.Equal(Completion.Retry, await job.Grain.Complete(Guid.NewGuid(), TestJob.Success));
        Assert.Equal(Cancellation.Unavailable, await job.Grain.Cancel());
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Attach(observer.Subscription(1), Reading.Fresh));

        job.Storage.AllReadsFail = false;
        job.Storage.AllWritesFail = false;
        await job.FinishAsync();
        await observer.FirstAsync();
    }

    [Fact, Trait(WaitingRules.Trait, "I4")]
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

    [Fact, Trait(WaitingRules.Trait, "I4")]
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

    [Fact, Trait(WaitingRules.Trait, "I1")]
    public async Task The_end_of_a_run_that_another_activation_granted_is_accepted_and_pushed()
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        var run = Guid.NewGuid();
        await job.PutAsync((await job.StoredAsync())!.AssignedTo(run, cluster.RunnerAddress, DateTimeOffset.UtcNow));
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run, TestJob.Success));
        await observer.FirstAsync();
    }

    [Fact, Trait(WaitingRules.Trait, "I6")]
    public async Task A_leave_that_is_older_than_the_subscription_changes_nothing()
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(observer.Subscription(3), Reading.Cached));

        // Neither does an older attach that arrives late.
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(observer.Subscription(1), Reading.Cached));
        await job.Grain.Leave(observer.Subscription(2));
        await job.FinishAsync();
        await observer.FirstAsync();
    }

    [Fact, Trait(WaitingRules.Trait, "I6")]
    public async Task A_gateway_that_left_gets_nothing_and_the_others_get_the_end()
    {
        var job = cluster.NewJob();
        var gone = await job.SubmitAsync();
        var stays = job.Observer();
        await job.Grain.Attach(stays.Subscription(1), Reading.Cached);
        await job.Grain.Leave(gone.Subscription(1));
        await job.FinishAsync();
        await stays.FirstAsync();
        Assert.Empty(gone.WasStored);
    }

    [Fact, Trait(WaitingRules.Trait, "I6"), Trait(WaitingRules.Trait, "I7")]
    public async Task A_push_that_fails_twice_is_tried_a_third_time_and_delays_no_other()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        var failing = job.Observer(failures: 2);
        var other = job.Observer();
        await job.Grain.Attach(failing.Subscription(1), Reading.Cached);
        await job.Grain.Attach(other.Subscription(1), Reading.Cached);
        await job.FinishAsync();
        await other.FirstAsync();
        await failing.FirstAsync();
        Assert.Equal(3, failing.WasStored.Count);
        Assert.Single(failing.Received);
    }

    [Fact, Trait(WaitingRules.Trait, "I6")]
    public async Task A_gateway_that_does_not_answer_a_push_delays_no_other()
    {
        var job = cluster.NewJob();
        var hangs = new TaskCompletionSource();
        var slow = await job.SubmitAsync();
        slow.Gate = hangs.Task;
        var other = job.Observer();
        await job.Grain.Attach(other.Subscription(1), Reading.Cached);
        await job.FinishAsync();
        await other.FirstAsync();
        Assert.Empty(slow.Received);
        hangs.SetResult();
        await slow.FirstAsync();
    }

    [Fact, Trait(WaitingRules.Trait, "I1"), Trait(WaitingRules.Trait, "I9")]
    public async Task A_lost_job_is_ended_by_the_next_attach_and_pushed_to_every_subscriber()
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        await job.RunAsync();
        job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.End(ServerOutcomes.LostWithItsRunner()));
        var reply = Assert.IsType<JobReply.Finished>(await job.Grain.Attach(null, Reading.Fresh));
        Assert.Equal(Lifecycle.Terminated, reply.Job.Lifecycle);
        Assert.Equal(reply.Job.Document, (await observer.FirstAsync()).Document);
        Assert.Equal(reply.Job.Document, (await job.StoredAsync())!.Document);
    }

    [Fact, Trait(WaitingRules.Trait, "I3"), Trait(WaitingRules.Trait, "I9")]
    public async Task A_lost_job_whose_end_cannot_be_stored_is_unavailable_and_ended_later()
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        await job.RunAsync();
        job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.End(ServerOutcomes.LostWithItsRunner()));
        job.Storage.AllWritesFail = true;
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Attach(null, Reading.Fresh));
        Assert.Empty(observer.WasStored);
        job.Storage.AllWritesFail = false;
        Assert.IsType<JobReply.Finished>(await job.Grain.Attach(null, Reading.Cached));
        await observer.FirstAsync();
    }

    [Theory]
    [InlineData(WriteFault.None)]
    [InlineData(WriteFault.Before)]
    [InlineData(WriteFault.After)]
    public async Task A_queued_job_that_is_canceled_ends_and_never_runs(WriteFault fault)
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        job.Storage.NextWrites(fault);
        Assert.Equal(Cancellation.Accepted, await job.Grain.Cancel());
        var finished = await observer.FirstAsync();
        Assert.Equal((Lifecycle.Canceled, JobState.Canceled), (finished.Lifecycle, finished.State));
        Assert.Equal(Assignment.Refused, await job.AssignAsync(Assert.Single(job.Executor.Attempts), Guid.NewGuid()));
        Assert.Equal(Lifecycle.Canceled, (await job.StoredAsync())!.Lifecycle);
    }

    [Fact]
    public async Task A_running_job_that_is_canceled_ends_by_its_completion()
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        var run = await job.RunAsync();
        job.Executor.Stops = true;
        Assert.Equal(Cancellation.Accepted, await job.Grain.Cancel());
        Assert.Equal(Lifecycle.Assigned, (await job.StoredAsync())!.Lifecycle);
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run, TestJob.Failure));
        await observer.FirstAsync();
    }

    [Theory, Trait(WaitingRules.Trait, "I4")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_terminated_job_has_ended_whatever_its_run_still_reports(bool runs)
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        var run = runs ? await job.RunAsync() : Guid.NewGuid();
        Assert.Equal(Cancellation.Accepted, await job.Grain.Terminate());
        var finished = await observer.FirstAsync();
        Assert.Equal((Lifecycle.Terminated, JobState.Failure), (finished.Lifecycle, finished.State));
        Assert.Equal(Completion.AlreadyFinished, await job.Grain.Complete(run, TestJob.Success));
        Assert.Equal(Assignment.Refused, await job.AssignAsync(Assert.Single(job.Executor.Attempts), Guid.NewGuid()));
        Assert.Equal(Cancellation.AlreadyEnded, await job.Grain.Terminate());
        Assert.Equal(finished.Document, (await job.StoredAsync())!.Document);
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task A_grain_that_leaves_memory_tells_its_subscribers_to_attach_again()
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        var left = job.Observer();
        await job.Grain.Attach(left.Subscription(1), Reading.Cached);
        await job.Grain.Leave(left.Subscription(1));
        await cluster.DeactivateAsync(job.Grain);
        await Eventually.TrueAsync(() => !observer.Moves.IsEmpty, "the subscriber is told");
        Assert.Equal([job.Key], observer.Moves);
        Assert.Empty(left.Moves);
    }

    [Fact]
    public async Task A_job_that_does_not_exist_is_not_found()
    {
        var job = cluster.NewJob();
        Assert.IsType<JobReply.NotFound>(await job.Grain.Attach(job.Observer().Subscription(1), Reading.Cached));
        Assert.Equal(Cancellation.NotFound, await job.Grain.Cancel());
    }
}
