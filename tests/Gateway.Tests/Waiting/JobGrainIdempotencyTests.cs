using SyncCluster.Execution;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>Jobs of calls that may be repeated: one runs, and its answer is never that of another call with the same key.</summary>
public sealed class JobGrainIdempotencyTests(JobCluster cluster) : IClassFixture<JobCluster>
{
    [Theory]
    [InlineData(TaskType.Script)]
    [InlineData(TaskType.Dummy)]
    public async Task Another_call_with_the_key_is_refused_although_the_write_of_the_first_was_applied_unseen(TaskType type)
    {
        var job = cluster.NewJob(type);
        var (first, other) = (JobCluster.WithKey(job.Spec, "first"), JobCluster.WithKey(job.Spec, "other") with { Arguments = "[\"b\"]"u8.ToArray() });
        job.Storage.NextWrites(Fault.After);
        job.Storage.AllWritesFail = job.Storage.AllReadsFail = true;
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Submit(first, job.Ear().Subscription(1), TestJob.Valid));
        job.Storage.AllWritesFail = job.Storage.AllReadsFail = false;
        Assert.IsType<JobReply.IdempotencyConflict>(await job.Grain.Submit(other, job.Ear().Subscription(2), TestJob.Valid));
        Assert.Empty(job.Executor.Attempts);
        var reply = await job.Grain.Submit(first, job.Ear().Subscription(3), TestJob.Valid);
        Assert.IsType(type == TaskType.Dummy ? typeof(JobReply.Finished) : typeof(JobReply.Pending), reply);
        Assert.Equal("first"u8.ToArray(), (await job.StoredAsync())!.Spec.Fingerprint);
    }

    [Fact]
    public async Task Of_two_calls_with_one_key_at_once_one_is_refused_and_the_other_runs()
    {
        for (var round = 0; round < 50; round++)
        {
            var job = cluster.NewJob();
            JobSpec[] specs = [JobCluster.WithKey(job.Spec, "one"), JobCluster.WithKey(job.Spec, "other")];
            var replies = await Task.WhenAll(specs.Select(spec => job.Grain.Submit(spec, job.Ear().Subscription(1), TestJob.Valid)));
            Assert.Single(replies.OfType<JobReply.Pending>());
            Assert.Single(replies.OfType<JobReply.IdempotencyConflict>());
            Assert.Single(job.Executor.Attempts);
        }
    }

    [Fact]
    public async Task A_queue_without_a_place_leaves_the_key_unused()
    {
        var job = cluster.NewJob();
        cluster.Executor.Place = Reservation.QueueFull;
        try
        {
            Assert.IsType<JobReply.QueueFull>(await job.Grain.Submit(JobCluster.WithKey(job.Spec, "first"), job.Ear().Subscription(1), TestJob.Valid));
        }
        finally
        {
            cluster.Executor.Place = Reservation.Reserved;
        }

        Assert.IsType<JobReply.Pending>(await job.Grain.Submit(JobCluster.WithKey(job.Spec, "other"), job.Ear().Subscription(1), TestJob.Valid));
    }

    [Fact]
    public async Task A_queue_without_a_place_does_not_let_another_call_have_the_answer()
    {
        var job = cluster.NewJob();
        await job.PutAsync(JobRecord.Fenced(JobCluster.WithKey(job.Spec, "first"), Guid.NewGuid(), cluster.Executor.Address, DateTimeOffset.UtcNow));
        cluster.Executor.Place = Reservation.QueueFull;
        try
        {
            Assert.IsType<JobReply.IdempotencyConflict>(await job.Grain.Submit(JobCluster.WithKey(job.Spec, "other"), job.Ear().Subscription(1), TestJob.Valid));
        }
        finally
        {
            cluster.Executor.Place = Reservation.Reserved;
        }
    }

    [Theory]
    [InlineData(Fault.None)]
    [InlineData(Fault.Before)]
    [InlineData(Fault.After)]
    public async Task A_job_that_was_given_up_is_not_released(Fault fault)
    {
        var job = Allocated();
        job.Storage.NextWrites(fault);
        Assert.Equal(Cancellation.Accepted, await job.Grain.CancelUnsubmitted(job.Spec));
        Assert.Equal(Cancellation.Accepted, await job.Grain.CancelUnsubmitted(job.Spec));
        var reply = Assert.IsType<JobReply.Finished>(await job.Grain.Submit(job.Spec, job.Ear().Subscription(1), TestJob.Valid));
        Assert.Equal(ServerOutcomes.NeverSubmitted.Fault, reply.Job.Fault);
        Assert.Empty(job.Executor.Attempts);
    }

    [Fact]
    public async Task A_job_that_can_not_be_given_up_now_is_released_if_its_submit_is_first()
    {
        var job = Allocated();
        job.Storage.AllWritesFail = true;
        Assert.Equal(Cancellation.Unavailable, await job.Grain.CancelUnsubmitted(job.Spec));
        job.Storage.AllReadsFail = true;
        Assert.Equal(Cancellation.Unavailable, await job.Grain.CancelUnsubmitted(job.Spec));
        job.Storage.AllWritesFail = job.Storage.AllReadsFail = false;
        await job.SubmitAsync();
        Assert.Equal(Cancellation.AlreadyEnded, await job.Grain.CancelUnsubmitted(job.Spec));
        Assert.Single(job.Executor.Attempts);
        Assert.False((await job.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task A_job_that_is_given_up_and_submitted_at_once_is_either_given_up_or_released()
    {
        for (var round = 0; round < 50; round++)
        {
            var job = Allocated();
            Task<Cancellation> forgone;
            Task<JobReply> submitted;
            if (round % 2 == 0)
            {
                forgone = job.Grain.CancelUnsubmitted(job.Spec);
                submitted = job.Grain.Submit(job.Spec, job.Ear().Subscription(1), TestJob.Valid);
            }
            else
            {
                submitted = job.Grain.Submit(job.Spec, job.Ear().Subscription(1), TestJob.Valid);
                forgone = job.Grain.CancelUnsubmitted(job.Spec);
            }

            var isReleased = await submitted is JobReply.Pending;
            Assert.Equal(isReleased ? Cancellation.AlreadyEnded : Cancellation.Accepted, await forgone);
            Assert.Equal(isReleased ? 1 : 0, job.Executor.Attempts.Count);
        }
    }

    [Fact]
    public async Task A_job_that_another_activation_has_released_is_not_given_up()
    {
        var job = Allocated();
        Assert.IsType<JobReply.NotFound>(await job.Grain.Attach(null, Reading.Cached));
        await job.PutAsync(JobRecord.Fenced(job.Spec, Guid.NewGuid(), cluster.Executor.Address, DateTimeOffset.UtcNow));
        Assert.Equal(Cancellation.AlreadyEnded, await job.Grain.CancelUnsubmitted(job.Spec));
        Assert.False((await job.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task Who_waits_for_a_job_that_nobody_releases_is_told_when_it_is_given_up()
    {
        var job = Allocated();
        var ear = job.Ear();
        Assert.IsType<JobReply.Pending>(await job.Grain.Submit(job.Spec with { Origin = JobOrigin.ExternallyReleased, Fingerprint = null }, ear.Subscription(1), TestJob.Valid));
        Assert.Equal(Cancellation.Accepted, await job.Grain.CancelUnsubmitted(job.Spec));
        Assert.Equal(ServerOutcomes.NeverSubmitted.Fault, (await ear.FirstAsync()).Fault);
    }

    [Fact]
    public async Task A_call_has_the_job_that_was_bound_first()
    {
        var call = NewCall();
        JobSpec[] jobs = [.. Enumerable.Range(0, 8).Select(_ => Allocated().Spec)];
        var bound = await Task.WhenAll(jobs.Select(call.Bind));
        Assert.Single(bound.Select(job => job!.JobId).Distinct());
        Assert.Equal(bound[0]!.JobId, (await call.Find())!.JobId);
    }

    [Theory]
    [InlineData(Fault.Before)]
    [InlineData(Fault.After)]
    public async Task What_a_call_is_said_to_have_is_what_is_stored(Fault fault)
    {
        var call = NewCall();
        var (first, second) = (Allocated().Spec, Allocated().Spec);

        // So that there is a record, which says that there is no job.
        Assert.NotNull(await call.Bind(first));
        Assert.True(await call.Unbind(first.JobId));
        cluster.Storage.Of(call.GetGrainId()).NextWrites(fault);
        Assert.Null(await call.Bind(first));
        Assert.Equal((fault == Fault.After ? first : second).JobId, (await call.Bind(second))!.JobId);
    }

    [Fact]
    public async Task A_call_whose_job_was_given_up_can_have_another_and_keeps_it()
    {
        var call = NewCall();
        var (first, second) = (Allocated().Spec, Allocated().Spec);
        await call.Bind(first);
        cluster.Storage.Of(call.GetGrainId()).NextWrites(Fault.After);
        Assert.False(await call.Unbind(first.JobId));
        Assert.True(await call.Unbind(first.JobId));
        Assert.Equal(second.JobId, (await call.Bind(second))!.JobId);

        // Of an unbinding that was on its way for long.
        Assert.True(await call.Unbind(first.JobId));
        Assert.Equal(second.JobId, (await call.Find())!.JobId);
    }

    private IIdempotencyGrain NewCall() => cluster.Grains.GetGrain<IIdempotencyGrain>(Guid.NewGuid().ToString("N"));

    /// <summary>A job that TheEye has made, of a call with a key.</summary>
    private TestJob Allocated()
    {
        var job = cluster.NewJob();
        return new(cluster, JobCluster.WithKey(job.Spec, "call") with { Origin = JobOrigin.AllocatedAtTheEye, IdempotencyId = "call" });
    }
}
