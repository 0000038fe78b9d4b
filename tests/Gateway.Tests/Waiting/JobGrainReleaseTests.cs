using SyncCluster.Execution;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>A job is released and run at most once, whatever storage does (rule I2).</summary>
public sealed class JobGrainReleaseTests(JobCluster cluster) : IClassFixture<JobCluster>
{
    [Fact]
    public async Task A_new_job_is_released_once_under_the_stored_attempt()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        Assert.Equal((await job.StoredAsync())!.Attempt, Assert.Single(job.Executor.Attempts));
        Assert.Equal(1, job.Storage.Written);
    }

    [Theory]
    [InlineData(Fault.Before)]
    [InlineData(Fault.After)]
    [InlineData(Fault.Before, Fault.After)]
    [InlineData(Fault.Before, Fault.Before)]
    public async Task A_write_that_fails_releases_once_all_the_same(params Fault[] faults)
    {
        var job = cluster.NewJob();
        job.Storage.NextWrites(faults);
        await job.SubmitAsync();
        Assert.Equal((await job.StoredAsync())!.Attempt, Assert.Single(job.Executor.Attempts));
    }

    [Theory]
    [InlineData(Fault.Before)]
    [InlineData(Fault.After)]
    public async Task Without_storage_nothing_is_released_until_the_call_is_repeated(Fault first)
    {
        var job = cluster.NewJob();
        var places = cluster.Executor.Places;
        job.Storage.NextWrites(first);
        job.Storage.AllWritesFail = true;
        job.Storage.AllReadsFail = true;
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Submit(job.Spec, job.Ear().Subscription(1), TestJob.Valid));
        Assert.Empty(job.Executor.Attempts);
        Assert.Equal(places, cluster.Executor.Places);

        job.Storage.AllWritesFail = false;
        job.Storage.AllReadsFail = false;
        var ear = await job.SubmitAsync();
        Assert.Equal((await job.StoredAsync())!.Attempt, Assert.Single(job.Executor.Attempts));
        Assert.Equal(places + 1, cluster.Executor.Places);
        await job.FinishAsync();
        await ear.FirstAsync();
    }

    [Fact]
    public async Task Two_submits_of_a_job_release_it_once_and_both_are_told()
    {
        var job = cluster.NewJob();
        var ears = await Task.WhenAll(job.SubmitAsync(), job.SubmitAsync());
        Assert.Single(job.Executor.Attempts);
        await job.FinishAsync();
        await Task.WhenAll(ears.Select(ear => ear.FirstAsync()));
    }

    [Fact]
    public async Task A_job_that_another_activation_made_is_not_released_here()
    {
        var job = cluster.NewJob();
        var places = cluster.Executor.Places;
        await job.PutAsync(JobRecord.Fenced(job.Spec, Guid.NewGuid(), cluster.Executor.Address, DateTimeOffset.UtcNow));
        await job.SubmitAsync();
        Assert.Empty(job.Executor.Attempts);
        Assert.Equal(places, cluster.Executor.Places);
    }

    [Theory]
    [InlineData(Fault.None)]
    [InlineData(Fault.Before)]
    [InlineData(Fault.After)]
    public async Task A_job_that_nobody_holds_is_taken_over_and_its_old_attempt_is_refused(Fault fault)
    {
        var job = cluster.NewJob();
        var old = Guid.NewGuid();
        await job.PutAsync(JobRecord.Fenced(job.Spec, old, cluster.Executor.Address, DateTimeOffset.UtcNow));
        job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.TakeOver());
        job.Storage.NextWrites(fault);
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(job.Ear().Subscription(1), Reading.Cached));

        var attempt = Assert.Single(job.Executor.Attempts);
        Assert.NotEqual(old, attempt);
        Assert.Equal(attempt, (await job.StoredAsync())!.Attempt);
        Assert.Equal(Assignment.Refused, await job.AssignAsync(old, Guid.NewGuid()));
        await job.RunAsync();
    }

    [Fact]
    public async Task A_job_that_another_has_taken_over_first_is_not_released_here()
    {
        var job = cluster.NewJob();
        await job.PutAsync(JobRecord.Fenced(job.Spec, Guid.NewGuid(), cluster.Executor.Address, DateTimeOffset.UtcNow));
        job.Executor.Resume = async record =>
        {
            job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.KeepWaiting());
            await job.PutAsync(record.Reassigned(Guid.NewGuid(), cluster.Executor.Address, DateTimeOffset.UtcNow));
            return new Resumption.TakeOver();
        };
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Attach(job.Ear().Subscription(1), Reading.Cached));
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(job.Ear().Subscription(2), Reading.Cached));
        Assert.Empty(job.Executor.Attempts);
    }

    [Fact]
    public async Task One_run_is_granted_and_may_ask_again()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        var attempt = Assert.Single(job.Executor.Attempts);
        var run = await job.RunAsync();
        Assert.Equal(Assignment.Granted, await job.AssignAsync(attempt, run));
        Assert.Equal(Assignment.Refused, await job.AssignAsync(attempt, Guid.NewGuid()));
        Assert.Equal(run, (await job.StoredAsync())!.Run);
    }

    [Theory]
    [InlineData(Fault.Before)]
    [InlineData(Fault.After)]
    public async Task A_grant_whose_write_failed_is_settled(Fault fault)
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        job.Storage.NextWrites(fault);
        Assert.Equal((await job.StoredAsync())!.Run, Guid.Empty);
        var run = await job.RunAsync();
        Assert.Equal(run, (await job.StoredAsync())!.Run);
    }

    [Fact]
    public async Task Without_storage_no_run_is_granted_nor_refused()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        job.Storage.AllWritesFail = true;
        Assert.Equal(Assignment.Retry, await job.AssignAsync(job.Executor.Attempts.Last(), Guid.NewGuid()));
        job.Storage.AllReadsFail = true;
        Assert.Equal(Assignment.Retry, await job.AssignAsync(Guid.NewGuid(), Guid.NewGuid()));
    }

    [Fact]
    public async Task A_run_is_refused_only_on_a_record_that_was_just_read()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        var elsewhere = Guid.NewGuid();
        await job.PutAsync((await job.StoredAsync())!.Reassigned(elsewhere, cluster.Executor.Address, DateTimeOffset.UtcNow));
        Assert.Equal(Assignment.Granted, await job.AssignAsync(elsewhere, Guid.NewGuid()));
    }

    [Fact]
    public async Task A_run_is_refused_where_another_activation_has_granted_one_to_the_same_attempt()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        await job.PutAsync((await job.StoredAsync())!.AssignedTo(Guid.NewGuid(), cluster.Executor.Address, DateTimeOffset.UtcNow));
        Assert.Equal(Assignment.Refused, await job.AssignAsync(Assert.Single(job.Executor.Attempts), Guid.NewGuid()));
    }

    [Fact]
    public async Task A_submit_that_was_given_up_meanwhile_releases_nothing_and_its_repeat_does()
    {
        var job = cluster.NewJob();
        var ear = job.Ear();
        var places = cluster.Executor.Places;
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Submit(job.Spec, ear.Subscription(1), DateTimeOffset.UnixEpoch));
        Assert.Null(await job.StoredAsync());
        Assert.Equal(places, cluster.Executor.Places);
        Assert.IsType<JobReply.Pending>(await job.Grain.Submit(job.Spec, ear.Subscription(2), TestJob.Valid));
        await job.FinishAsync();
        await ear.FirstAsync();
        Assert.Single(job.Executor.Attempts);
    }

    [Fact]
    public async Task A_submit_that_is_given_up_while_storage_is_slow_releases_nothing()
    {
        var job = cluster.NewJob();
        var places = cluster.Executor.Places;
        var slow = new TaskCompletionSource();
        job.Storage.NextWrites(Fault.After);
        job.Storage.Gate = slow.Task;
        var submitted = job.Grain.Submit(job.Spec, job.Ear().Subscription(1), cluster.Clock.GetUtcNow() + TimeSpan.FromSeconds(60));
        await TestServer.UntilAsync(() => job.Storage.Reads > 0);
        cluster.Clock.ForwardDate(TimeSpan.FromSeconds(61));
        slow.SetResult();
        Assert.IsType<JobReply.Unavailable>(await submitted);
        Assert.Empty(job.Executor.Attempts);
        Assert.Equal(places, cluster.Executor.Places);
    }

    [Fact]
    public async Task A_silo_that_stops_releases_nothing_and_sends_its_grains_elsewhere()
    {
        var job = cluster.NewJob();
        cluster.Executor.Place = Reservation.NotAccepting;
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Submit(job.Spec, job.Ear().Subscription(1), TestJob.Valid));
        Assert.Null(await job.StoredAsync());
        cluster.Executor.Place = Reservation.Reserved;
        var ear = await job.SubmitAsync();

        job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.NotAccepting());
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Attach(null, Reading.Fresh));
        await TestServer.UntilAsync(() => !ear.Moves.IsEmpty);
        Assert.Single(job.Executor.Attempts);
    }

    [Fact]
    public async Task A_full_queue_stores_nothing_but_knows_what_it_accepted()
    {
        var accepted = cluster.NewJob();
        await accepted.SubmitAsync();
        var elsewhere = cluster.NewJob();
        await elsewhere.PutAsync(JobRecord.Fenced(elsewhere.Spec, Guid.NewGuid(), cluster.Executor.Address, DateTimeOffset.UtcNow));
        var refused = cluster.NewJob();
        cluster.Executor.Place = Reservation.QueueFull;
        try
        {
            Assert.IsType<JobReply.QueueFull>(await refused.Grain.Submit(refused.Spec, refused.Ear().Subscription(1), TestJob.Valid));
            await accepted.SubmitAsync();
            await elsewhere.SubmitAsync();
        }
        finally
        {
            cluster.Executor.Place = Reservation.Reserved;
        }

        Assert.Null(await refused.StoredAsync());
        Assert.Equal(0, refused.Storage.Written);
        Assert.Empty(refused.Executor.Attempts);
        Assert.Single(accepted.Executor.Attempts);
        await refused.SubmitAsync();
        Assert.Single(refused.Executor.Attempts);
    }
}
