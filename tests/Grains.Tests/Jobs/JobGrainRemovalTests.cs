using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Jobs;

/// <summary>A job that has ended can be removed before its record expires, and its call still does not run again.</summary>
[Collection(JobCluster.Name), Trait(WaitingRules.Trait, "I2")]
public sealed class JobGrainRemovalTests(JobCluster cluster)
{
    private static readonly TimeSpan LongAgo = TimeSpan.FromMinutes(11);
    private static readonly TimeSpan JustNow = TimeSpan.FromMinutes(9);

    private DateTimeOffset Now => cluster.Clock.GetUtcNow();

    [Theory]
    [InlineData(TaskType.Script, WriteFault.None)]
    [InlineData(TaskType.Script, WriteFault.Before)]
    [InlineData(TaskType.Script, WriteFault.After)]
    [InlineData(TaskType.Dummy, WriteFault.None)]
    public async Task A_repeat_of_a_removed_call_does_not_run_again(TaskType type, WriteFault fault)
    {
        var job = cluster.NewJob(type);
        var call = job.WithFingerprint("first");
        await EndAsync(job, call, LongAgo);
        job.Storage.NextWrites(fault);
        Assert.IsType<Removal.Removed>(await job.Grain.Remove());
        var repeat = Assert.IsType<JobReply.Finished>(await job.Grain.Submit(call, job.Observer().Subscription(1), TestJob.Valid));
        Assert.True(repeat.Job.IsRemoved);
        Assert.IsType<JobReply.IdempotencyConflict>(
            await job.Grain.Submit(job.WithFingerprint("other"), job.Observer().Subscription(1), TestJob.Valid));
        Assert.Empty(job.Executor.Attempts);
        Assert.IsType<Removal.AlreadyRemoved>(await job.Grain.Remove());
    }

    [Fact]
    public async Task Of_a_removed_job_neither_what_it_was_given_nor_what_it_answered_nor_its_caller_is_left()
    {
        var job = cluster.NewJob();
        var call = job.WithFingerprint("call") with { Acl = ["team:ops"], SecretHash = [1, 2], IdempotencyId = "key", CallerAddress = "203.0.113.9" };
        await EndAsync(job, call, LongAgo);
        Assert.Equal("203.0.113.9", (await job.StoredAsync())!.Spec.CallerAddress);
        await job.Grain.Remove();
        var left = (await job.StoredAsync())!;
        Assert.True(left.HasEnded && left.IsRemoved);
        Assert.Equal((0, 0, 0, new JobUser("", "")), (left.Document!.Length, left.Spec.Arguments.Length, left.Spec.Env.Count, left.Spec.User));
        Assert.Null(left.Spec.CallerAddress);
        Assert.Equal("key", left.Spec.IdempotencyId);
        Assert.Equal(call.Fingerprint, left.Spec.Fingerprint);
        Assert.Equal(call.Acl, left.Spec.Acl);
        Assert.Equal(call.SecretHash, left.Spec.SecretHash);
    }

    [Theory]
    [InlineData(WriteFault.None)]
    [InlineData(WriteFault.Before)]
    [InlineData(WriteFault.After)]
    public async Task A_removed_job_that_nobody_can_ask_for_again_leaves_nothing(WriteFault fault)
    {
        var job = cluster.NewJob();
        await EndAsync(job, job.Spec, LongAgo);
        job.Storage.NextWrites(fault);
        Assert.IsType<Removal.Removed>(await job.Grain.Remove());
        Assert.Null(await job.StoredAsync());
        Assert.IsType<JobReply.NotFound>(await job.Grain.Attach(null, Reading.Cached));
        Assert.IsType<Removal.NotFound>(await job.Grain.Remove());
    }

    [Theory]
    [InlineData(Lifecycle.Ready)]
    [InlineData(Lifecycle.Assigned)]
    public async Task A_job_that_has_not_ended_is_not_removed(Lifecycle lifecycle)
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        var run = lifecycle == Lifecycle.Assigned ? await job.RunAsync() : Guid.Empty;
        Assert.IsType<Removal.Unfinished>(await job.Grain.Remove());
        Assert.Equal(lifecycle, (await job.StoredAsync())!.Lifecycle);
        Assert.Equal(Completion.Accepted, await job.Grain.Complete(run == Guid.Empty ? await job.RunAsync() : run, TestJob.Success));
        Assert.Equal(JobState.Success, (await observer.FirstAsync()).State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_job_that_has_just_ended_is_not_removed_and_the_reply_says_when_it_may_be(bool hasKey)
    {
        var job = cluster.NewJob();
        await EndAsync(job, hasKey ? job.WithFingerprint("call") : job.Spec, JustNow);
        var before = (await job.StoredAsync())!;
        var recent = Assert.IsType<Removal.Recent>(await job.Grain.Remove());
        Assert.Equal(before.LastUpdate.AddMinutes(10), recent.RemovableFrom);
        Assert.IsType<Removal.Recent>(await job.Grain.CancelAndRemove());
        Assert.Equal(Bytes(before), Bytes(await job.StoredAsync()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_queued_job_is_canceled_and_removed_its_waiter_is_told_and_a_late_submit_starts_nothing(bool hasKey)
    {
        var job = cluster.NewJob();
        var call = hasKey ? job.WithFingerprint("call") : job.Spec;
        var observer = job.Observer();
        Assert.IsType<JobReply.Pending>(await job.Grain.Submit(call, observer.Subscription(1), TestJob.Valid));
        Assert.IsType<Removal.Removed>(await job.Grain.CancelAndRemove());
        var told = await observer.FirstAsync();
        Assert.Equal((Lifecycle.Canceled, false), (told.Lifecycle, told.IsRemoved));
        Assert.True((await job.StoredAsync())!.IsRemoved);
        Assert.Equal(Assignment.Refused, await job.AssignAsync(job.Executor.Attempts.Single(), Guid.NewGuid()));
        var late = Assert.IsType<JobReply.Finished>(await job.Grain.Submit(call, job.Observer().Subscription(1), TestJob.Valid));
        Assert.True(late.Job.IsRemoved);
        Assert.Single(job.Executor.Attempts);
    }

    [Fact]
    public async Task A_job_that_runs_is_not_canceled_to_be_removed()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        var run = await job.RunAsync();
        Assert.IsType<Removal.Unfinished>(await job.Grain.CancelAndRemove());
        Assert.True((await job.StoredAsync())!.IsAssignedTo(run));
    }

    [Fact]
    public async Task A_job_whose_record_can_not_be_changed_is_kept_until_it_can()
    {
        var job = cluster.NewJob();
        await EndAsync(job, job.WithFingerprint("call"), LongAgo);
        job.Storage.AllWritesFail = true;
        Assert.IsType<Removal.Unavailable>(await job.Grain.Remove());
        job.Storage.AllReadsFail = true;
        Assert.IsType<Removal.Unavailable>(await job.Grain.Remove());
        Assert.IsType<Removal.Unavailable>(await job.Grain.CancelAndRemove());
        job.Storage.AllWritesFail = job.Storage.AllReadsFail = false;
        Assert.False(Assert.IsType<JobReply.Finished>(await job.Grain.Attach(null, Reading.Cached)).Job.IsRemoved);
        Assert.IsType<Removal.Removed>(await job.Grain.Remove());
    }

    [Fact]
    public async Task A_waiter_that_asks_for_a_removed_job_is_told_so()
    {
        var job = cluster.NewJob();
        await EndAsync(job, job.WithFingerprint("call"), LongAgo);

        // The activation has the answer in memory.
        Assert.IsType<JobReply.Finished>(await job.Grain.Attach(null, Reading.Cached));
        await job.Grain.Remove();
        var reply = Assert.IsType<JobReply.Finished>(await job.Grain.Attach(job.Observer().Subscription(1), Reading.Cached));
        Assert.True(reply.Job.IsRemoved);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_removed_job_took_in_the_storage_counts_no_more(bool hasKey)
    {
        var job = cluster.NewJob(spec => spec with { Customer = $"removal-{hasKey}" });
        await EndAsync(job, hasKey ? job.WithFingerprint("call") : job.Spec, LongAgo);
        cluster.StoredBytes.Add(job.Spec.Customer, (await job.StoredAsync())!.Size);
        await job.Grain.Remove();
        Assert.Equal((await job.StoredAsync())?.Size ?? 0, cluster.StoredBytes.Of(job.Spec.Customer));
    }

    /// <summary>Stores the job as one that has run to its end.</summary>
    private Task EndAsync(TestJob job, JobSpec call, TimeSpan ago) => job.PutAsync(
        JobRecord.Fenced(call, Guid.NewGuid(), cluster.RunnerAddress, Now - ago).AssignedTo(Guid.NewGuid(), cluster.RunnerAddress, Now - ago)
            .Ended(TestJob.Success, Now - ago));

    private static byte[] Bytes(JobRecord? record) => MemoryStorage.Serializer.SerializeToArray(record);
}
