using SyncCluster.Execution;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Jobs;

/// <summary>
/// Calls with an idempotency key: their job runs once, and another call with the same key never gets its answer. On TestingHost: the grains decide it
/// with their storage alone.
/// </summary>
[Collection(JobCluster.Name), Trait(WaitingRules.Trait, "I2")]
public sealed class JobGrainIdempotencyTests(JobCluster cluster)
{
    [Theory]
    [InlineData(TaskType.Script)]
    [InlineData(TaskType.Dummy)]
    public async Task Another_call_with_the_key_is_refused_even_if_the_first_write_was_reported_as_failed(TaskType type)
    {
        var job = cluster.NewJob(type);
        var (first, other) = (job.WithFingerprint("first"), job.WithFingerprint("other") with { Arguments = "[\"b\"]"u8.ToArray() });
        job.Storage.NextWrites(WriteFault.After);
        job.Storage.AllWritesFail = job.Storage.AllReadsFail = true;
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Submit(first, job.Observer().Subscription(1), TestJob.Valid));
        job.Storage.AllWritesFail = job.Storage.AllReadsFail = false;
        Assert.IsType<JobReply.IdempotencyConflict>(await job.Grain.Submit(other, job.Observer().Subscription(2), TestJob.Valid));
        Assert.Empty(job.Executor.Attempts);
        var reply = await job.Grain.Submit(first, job.Observer().Subscription(3), TestJob.Valid);
        Assert.IsType(type == TaskType.Dummy ? typeof(JobReply.Finished) : typeof(JobReply.Pending), reply);
        Assert.Equal("first"u8.ToArray(), (await job.StoredAsync())!.Spec.Fingerprint);
    }

    [Fact]
    public async Task Of_two_different_calls_with_one_key_at_once_one_runs_and_one_is_refused()
    {
        for (var round = 0; round < 50; round++)
        {
            var job = cluster.NewJob();
            JobSpec[] specs = [job.WithFingerprint("one"), job.WithFingerprint("other")];
            var replies = await Task.WhenAll(specs.Select(spec => job.Grain.Submit(spec, job.Observer().Subscription(1), TestJob.Valid)));
            Assert.Single(replies.OfType<JobReply.Pending>());
            Assert.Single(replies.OfType<JobReply.IdempotencyConflict>());
            Assert.Single(job.Executor.Attempts);
        }
    }

    [Fact]
    public async Task A_call_that_a_full_queue_refuses_leaves_the_key_unused()
    {
        var job = cluster.NewJob();
        cluster.Executor.NextReservation = Reservation.QueueFull;
        try
        {
            Assert.IsType<JobReply.QueueFull>(await job.Grain.Submit(job.WithFingerprint("first"), job.Observer().Subscription(1), TestJob.Valid));
        }
        finally
        {
            cluster.Executor.NextReservation = Reservation.Reserved;
        }

        Assert.IsType<JobReply.Pending>(await job.Grain.Submit(job.WithFingerprint("other"), job.Observer().Subscription(1), TestJob.Valid));
    }

    [Fact]
    public async Task A_full_queue_does_not_give_another_call_the_answer()
    {
        var job = cluster.NewJob();
        await job.FenceElsewhereAsync(job.WithFingerprint("first"));
        cluster.Executor.NextReservation = Reservation.QueueFull;
        try
        {
            Assert.IsType<JobReply.IdempotencyConflict>(
                await job.Grain.Submit(job.WithFingerprint("other"), job.Observer().Subscription(1), TestJob.Valid));
        }
        finally
        {
            cluster.Executor.NextReservation = Reservation.Reserved;
        }
    }

    [Theory]
    [InlineData(WriteFault.None)]
    [InlineData(WriteFault.Before)]
    [InlineData(WriteFault.After)]
    public async Task A_job_that_was_canceled_before_its_submit_is_not_released(WriteFault fault)
    {
        var job = Allocated();
        job.Storage.NextWrites(fault);
        Assert.Equal(Cancellation.Accepted, await job.Grain.CancelUnsubmitted(job.Spec));
        Assert.Equal(Cancellation.Accepted, await job.Grain.CancelUnsubmitted(job.Spec));
        var reply = Assert.IsType<JobReply.Finished>(await job.Grain.Submit(job.Spec, job.Observer().Subscription(1), TestJob.Valid));
        Assert.Equal(ServerOutcomes.NeverSubmitted.Fault, reply.Job.Fault);
        Assert.Empty(job.Executor.Attempts);
    }

    [Fact]
    public async Task A_job_whose_cancel_cannot_be_stored_is_released_if_its_submit_is_first()
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
    public async Task A_job_that_is_canceled_and_submitted_at_once_is_either_canceled_or_released()
    {
        for (var round = 0; round < 50; round++)
        {
            var job = Allocated();
            Task<Cancellation> canceled;
            Task<JobReply> submitted;
            if (round % 2 == 0)
            {
                canceled = job.Grain.CancelUnsubmitted(job.Spec);
                submitted = job.Grain.Submit(job.Spec, job.Observer().Subscription(1), TestJob.Valid);
            }
            else
            {
                submitted = job.Grain.Submit(job.Spec, job.Observer().Subscription(1), TestJob.Valid);
                canceled = job.Grain.CancelUnsubmitted(job.Spec);
            }

            var isReleased = await submitted is JobReply.Pending;
            Assert.Equal(isReleased ? Cancellation.AlreadyEnded : Cancellation.Accepted, await canceled);
            Assert.Equal(isReleased ? 1 : 0, job.Executor.Attempts.Count);
        }
    }

    [Fact]
    public async Task A_job_that_another_activation_has_released_is_not_canceled()
    {
        var job = Allocated();
        Assert.IsType<JobReply.NotFound>(await job.Grain.Attach(null, Reading.Cached));
        await job.FenceElsewhereAsync();
        Assert.Equal(Cancellation.AlreadyEnded, await job.Grain.CancelUnsubmitted(job.Spec));
        Assert.False((await job.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task A_subscriber_gets_the_end_of_a_job_that_is_canceled_before_its_submit()
    {
        var job = Allocated();
        var observer = job.Observer();
        var external = job.Spec with { Origin = JobOrigin.ExternallyReleased, Fingerprint = null };
        Assert.IsType<JobReply.Pending>(await job.Grain.Submit(external, observer.Subscription(1), TestJob.Valid));
        Assert.Equal(Cancellation.Accepted, await job.Grain.CancelUnsubmitted(job.Spec));
        Assert.Equal(ServerOutcomes.NeverSubmitted.Fault, (await observer.FirstAsync()).Fault);
    }

    [Fact]
    public async Task A_key_has_the_job_that_was_bound_first()
    {
        var call = NewCall();
        JobSpec[] jobs = [.. Enumerable.Range(0, 8).Select(_ => Allocated().Spec)];
        var bound = await Task.WhenAll(jobs.Select(call.Bind));
        Assert.Single(bound.Select(job => job!.JobId).Distinct());
        Assert.Equal(bound[0]!.JobId, (await call.Find())!.JobId);
    }

    [Theory]
    [InlineData(WriteFault.Before)]
    [InlineData(WriteFault.After)]
    public async Task The_job_of_a_key_is_the_one_that_is_stored(WriteFault fault)
    {
        var call = NewCall();
        var (first, second) = (Allocated().Spec, Allocated().Spec);

        // There is a record then, which says that there is no job.
        Assert.NotNull(await call.Bind(first));
        Assert.True(await call.Unbind(first.JobId));
        cluster.Storage.Of(call.GetGrainId()).NextWrites(fault);
        Assert.Null(await call.Bind(first));
        Assert.Equal((fault == WriteFault.After ? first : second).JobId, (await call.Bind(second))!.JobId);
    }

    [Fact]
    public async Task A_key_whose_job_was_canceled_can_have_another_one_and_keeps_it()
    {
        var call = NewCall();
        var (first, second) = (Allocated().Spec, Allocated().Spec);
        await call.Bind(first);
        cluster.Storage.Of(call.GetGrainId()).NextWrites(WriteFault.After);
        Assert.False(await call.Unbind(first.JobId));
        Assert.True(await call.Unbind(first.JobId));
        Assert.Equal(second.JobId, (await call.Bind(second))!.JobId);

        // An unbind that arrives late changes nothing.
        Assert.True(await call.Unbind(first.JobId));
        Assert.Equal(second.JobId, (await call.Find())!.JobId);
    }

    private IIdempotencyGrain NewCall() => cluster.Grains.GetGrain<IIdempotencyGrain>(Guid.NewGuid().ToString("N"));

    /// <summary>A job that TheEye has made, of a call with a key.</summary>
    private TestJob Allocated() => cluster.NewJob(spec => spec with
    {
        Origin = JobOrigin.AllocatedAtTheEye,
        Fingerprint = "call"u8.ToArray(),
        IdempotencyId = "call",
    });
}
