using SyncCluster.Execution;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Jobs;

/// <summary>
/// A job is released and run at most once, whatever storage does. On TestingHost: another activation's writes are made to the shared storage, and no
/// process must crash for them.
/// </summary>
[Collection(JobCluster.Name), Trait(WaitingRules.Trait, "I2")]
public sealed class JobGrainReleaseTests(JobCluster cluster)
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
    [InlineData(WriteFault.Before)]
    [InlineData(WriteFault.After)]
    [InlineData(WriteFault.Before, WriteFault.After)]
    [InlineData(WriteFault.Before, WriteFault.Before)]
    public async Task A_job_whose_first_write_fails_is_released_once(params WriteFault[] faults)
    {
        var job = cluster.NewJob();
        job.Storage.NextWrites(faults);
        await job.SubmitAsync();
        Assert.Equal((await job.StoredAsync())!.Attempt, Assert.Single(job.Executor.Attempts));
    }

    [Theory]
    [InlineData(WriteFault.Before)]
    [InlineData(WriteFault.After)]
    public async Task Without_storage_a_job_is_released_only_by_the_repeat_of_its_call(WriteFault first)
    {
        var job = cluster.NewJob();
        var reservations = cluster.Executor.Reservations;
        job.Storage.NextWrites(first);
        job.Storage.AllWritesFail = true;
        job.Storage.AllReadsFail = true;
        Assert.Equal(new JobReply.Unavailable(MayExist: true), await job.Grain.Submit(job.Spec, job.Observer().Subscription(1), TestJob.Valid));
        Assert.Empty(job.Executor.Attempts);
        Assert.Equal(reservations, cluster.Executor.Reservations);

        job.Storage.AllWritesFail = false;
        job.Storage.AllReadsFail = false;
        var observer = await job.SubmitAsync();
        Assert.Equal((await job.StoredAsync())!.Attempt, Assert.Single(job.Executor.Attempts));
        Assert.Equal(reservations + 1, cluster.Executor.Reservations);
        await job.FinishAsync();
        await observer.FirstAsync();
    }

    [Theory]
    [InlineData(TaskType.Script)]
    [InlineData(TaskType.Dummy)]
    public async Task A_job_that_was_not_sent_to_its_storage_is_known_not_to_exist(TaskType type)
    {
        var job = cluster.NewJob(type);
        var reservations = cluster.Executor.Reservations;
        using (cluster.Storage.Disconnect())
        {
            Assert.Equal(new JobReply.Unavailable(), await job.TrySubmitAsync());
        }

        Assert.Equal(0, job.Storage.Written);
        Assert.Empty(job.Executor.Attempts);
        Assert.Equal(reservations, cluster.Executor.Reservations);

        Assert.IsNotType<JobReply.Unavailable>(await job.TrySubmitAsync());
        Assert.NotNull(await job.StoredAsync());
        Assert.Equal(type == TaskType.Script ? 1 : 0, job.Executor.Attempts.Count);
    }

    [Fact]
    public async Task A_job_that_was_sent_may_exist_although_its_storage_is_lost_then()
    {
        var job = cluster.NewJob();
        IDisposable? loss = null;
        job.Storage.BeforeNextWrite(() =>
        {
            loss = cluster.Storage.Disconnect();
            job.Storage.AllReadsFail = job.Storage.AllWritesFail = true;
            return Task.CompletedTask;
        });
        var reply = await job.TrySubmitAsync();
        loss?.Dispose();
        Assert.NotNull(loss);
        Assert.Equal(new JobReply.Unavailable(MayExist: true), reply);
    }

    [Fact]
    public async Task The_end_of_a_job_is_sent_as_soon_as_its_storage_takes_it()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        using (cluster.Storage.Disconnect())
        {
            await job.FinishAsync();
        }

        Assert.True((await job.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task Two_submits_of_a_job_release_it_once_and_both_get_the_end()
    {
        var job = cluster.NewJob();
        var observers = await Task.WhenAll(job.SubmitAsync(), job.SubmitAsync());
        Assert.Single(job.Executor.Attempts);
        await job.FinishAsync();
        await Task.WhenAll(observers.Select(observer => observer.FirstAsync()));
    }

    [Fact]
    public async Task A_job_that_another_activation_made_is_not_released_again()
    {
        var job = cluster.NewJob();
        var reservations = cluster.Executor.Reservations;
        await job.FenceElsewhereAsync();
        await job.SubmitAsync();
        Assert.Empty(job.Executor.Attempts);
        Assert.Equal(reservations, cluster.Executor.Reservations);
    }

    [Theory, Trait(WaitingRules.Trait, "I9")]
    [InlineData(WriteFault.None)]
    [InlineData(WriteFault.Before)]
    [InlineData(WriteFault.After)]
    public async Task A_job_that_no_executor_holds_is_taken_over_and_its_old_attempt_is_refused(WriteFault fault)
    {
        var job = cluster.NewJob();
        var old = await job.FenceElsewhereAsync();
        job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.TakeOver());
        job.Storage.NextWrites(fault);
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(job.Observer().Subscription(1), Reading.Cached));

        var attempt = Assert.Single(job.Executor.Attempts);
        Assert.NotEqual(old, attempt);
        Assert.Equal(attempt, (await job.StoredAsync())!.Attempt);
        Assert.Equal(Assignment.Refused, await job.AssignAsync(old, Guid.NewGuid()));
        await job.RunAsync();
    }

    [Fact]
    public async Task A_job_that_another_activation_has_taken_over_first_is_not_released_again()
    {
        var job = cluster.NewJob();
        await job.FenceElsewhereAsync();
        job.Executor.Resume = async record =>
        {
            job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.KeepWaiting());
            await job.PutAsync(record.Reassigned(Guid.NewGuid(), cluster.RunnerAddress, DateTimeOffset.UtcNow));
            return new Resumption.TakeOver();
        };
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Attach(job.Observer().Subscription(1), Reading.Cached));
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(job.Observer().Subscription(2), Reading.Cached));
        Assert.Empty(job.Executor.Attempts);
    }

    [Fact]
    public async Task One_run_is_granted_and_its_repeated_request_as_well()
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
    [InlineData(WriteFault.Before)]
    [InlineData(WriteFault.After)]
    public async Task A_run_whose_write_fails_is_granted_and_stored(WriteFault fault)
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        job.Storage.NextWrites(fault);
        Assert.Equal((await job.StoredAsync())!.Run, Guid.Empty);
        var run = await job.RunAsync();
        Assert.Equal(run, (await job.StoredAsync())!.Run);
    }

    [Fact]
    public async Task Without_storage_no_run_is_granted_or_refused()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        job.Storage.AllWritesFail = true;
        Assert.Equal(Assignment.Retry, await job.AssignAsync(job.Executor.Attempts.Last(), Guid.NewGuid()));
        job.Storage.AllReadsFail = true;
        Assert.Equal(Assignment.Retry, await job.AssignAsync(Guid.NewGuid(), Guid.NewGuid()));
    }

    [Fact]
    public async Task A_run_of_an_attempt_that_memory_does_not_know_is_granted_by_what_is_stored()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        var elsewhere = Guid.NewGuid();
        await job.PutAsync((await job.StoredAsync())!.Reassigned(elsewhere, cluster.RunnerAddress, DateTimeOffset.UtcNow));
        Assert.Equal(Assignment.Granted, await job.AssignAsync(elsewhere, Guid.NewGuid()));
    }

    [Fact]
    public async Task A_run_is_refused_where_another_activation_has_granted_one_to_the_same_attempt()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        await job.PutAsync((await job.StoredAsync())!.AssignedTo(Guid.NewGuid(), cluster.RunnerAddress, DateTimeOffset.UtcNow));
        Assert.Equal(Assignment.Refused, await job.AssignAsync(Assert.Single(job.Executor.Attempts), Guid.NewGuid()));
    }

    [Fact]
    public async Task A_submit_that_its_gateway_has_given_up_releases_nothing_and_its_repeat_does()
    {
        var job = cluster.NewJob();
        var observer = job.Observer();
        var reservations = cluster.Executor.Reservations;
        Assert.Equal(new JobReply.Unavailable(), await job.Grain.Submit(job.Spec, observer.Subscription(1), DateTimeOffset.UnixEpoch));
        Assert.Null(await job.StoredAsync());
        Assert.Equal(reservations, cluster.Executor.Reservations);
        Assert.IsType<JobReply.Pending>(await job.Grain.Submit(job.Spec, observer.Subscription(2), TestJob.Valid));
        await job.FinishAsync();
        await observer.FirstAsync();
        Assert.Single(job.Executor.Attempts);
    }

    [Fact]
    public async Task A_submit_that_its_gateway_gives_up_while_storage_is_slow_releases_nothing()
    {
        var job = cluster.NewJob();
        var reservations = cluster.Executor.Reservations;
        var slow = new TaskCompletionSource();
        job.Storage.NextWrites(WriteFault.After);
        job.Storage.Gate = slow.Task;
        var submitted = job.Grain.Submit(job.Spec, job.Observer().Subscription(1), cluster.Clock.GetUtcNow() + TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(() => job.Storage.Reads > 0, "the record is read");
        cluster.Clock.ForwardDate(TimeSpan.FromSeconds(61));
        slow.SetResult();
        Assert.Equal(new JobReply.Unavailable(MayExist: true), await submitted);
        Assert.Empty(job.Executor.Attempts);
        Assert.Equal(reservations, cluster.Executor.Reservations);
    }

    [Fact, Trait(WaitingRules.Trait, "I9")]
    public async Task A_silo_that_stops_releases_nothing_and_its_grains_leave_memory()
    {
        var job = cluster.NewJob();
        cluster.Executor.NextReservation = Reservation.NotAccepting;
        Assert.Equal(new JobReply.Unavailable(), await job.Grain.Submit(job.Spec, job.Observer().Subscription(1), TestJob.Valid));
        Assert.Null(await job.StoredAsync());
        cluster.Executor.NextReservation = Reservation.Reserved;
        var observer = await job.SubmitAsync();

        job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.NotAccepting());
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Attach(null, Reading.Fresh));
        await Eventually.TrueAsync(() => !observer.Moves.IsEmpty, "the subscriber is told to attach again");
        Assert.Single(job.Executor.Attempts);
    }

    [Fact]
    public async Task A_full_queue_takes_no_new_job_and_knows_those_that_it_has()
    {
        var accepted = cluster.NewJob();
        await accepted.SubmitAsync();
        var elsewhere = cluster.NewJob();
        await elsewhere.FenceElsewhereAsync();
        var refused = cluster.NewJob();
        cluster.Executor.NextReservation = Reservation.QueueFull;
        try
        {
            Assert.IsType<JobReply.QueueFull>(await refused.Grain.Submit(refused.Spec, refused.Observer().Subscription(1), TestJob.Valid));
            await accepted.SubmitAsync();
            await elsewhere.SubmitAsync();
        }
        finally
        {
            cluster.Executor.NextReservation = Reservation.Reserved;
        }

        Assert.Null(await refused.StoredAsync());
        Assert.Equal(0, refused.Storage.Written);
        Assert.Empty(refused.Executor.Attempts);
        Assert.Single(accepted.Executor.Attempts);
        await refused.SubmitAsync();
        Assert.Single(refused.Executor.Attempts);
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task A_job_for_which_another_silo_has_a_place_is_fenced_for_that_silo_and_released_there()
    {
        var job = cluster.NewJob();
        var place = await WhileFullAsync(new RecordedPlace(cluster.Silos[1].SiloAddress), () => job.SubmitAsync());
        var stored = (await job.StoredAsync())!;
        Assert.Equal(place.Silo, stored.Runner);
        Assert.Equal([stored.Attempt], place.Attempts);
        Assert.Empty(job.Executor.Attempts);
        Assert.False(place.IsCanceled);
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task A_job_that_another_silo_may_have_is_released_here_under_another_attempt()
    {
        var job = cluster.NewJob();
        var place = await WhileFullAsync(new RecordedPlace(cluster.Silos[1].SiloAddress) { Acknowledges = false }, () => job.SubmitAsync());
        Assert.Equal(Assignment.Refused, await job.AssignAsync(place.Attempts.Single(), Guid.NewGuid()));
        Assert.Equal((await job.StoredAsync())!.Attempt, job.Executor.Attempts.Single());
        await job.FinishAsync();
    }

    [Fact]
    public async Task A_place_on_another_silo_is_given_back_if_the_job_is_not_stored()
    {
        var job = cluster.NewJob();
        job.Storage.AllWritesFail = true;
        var place = await WhileFullAsync(
            new RecordedPlace(cluster.Silos[1].SiloAddress), async () => Assert.IsType<JobReply.Unavailable>(await job.TrySubmitAsync()));
        Assert.True(place.IsCanceled);
        Assert.Empty(place.Attempts);
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task What_another_silo_has_found_out_about_an_attempt_counts_only_while_that_attempt_stands()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        Assert.IsType<JobReply.Pending>(await job.Grain.NotReleased(Guid.NewGuid()));
        Assert.Empty(job.Executor.NotReleased);
        Assert.IsType<JobReply.Pending>(await job.Grain.NotReleased(job.Executor.Attempts.Single()));
        Assert.Equal(job.Executor.Attempts, job.Executor.NotReleased);
        await job.FinishAsync();
        Assert.IsType<JobReply.Finished>(await job.Grain.NotReleased(job.Executor.Attempts.Single()));
        Assert.Single(job.Executor.NotReleased);
    }

    private async Task<RecordedPlace> WhileFullAsync(RecordedPlace elsewhere, Func<Task> step)
    {
        (cluster.Executor.NextReservation, cluster.Executor.Elsewhere) = (Reservation.QueueFull, elsewhere);
        try
        {
            await step();
        }
        finally
        {
            (cluster.Executor.NextReservation, cluster.Executor.Elsewhere) = (Reservation.Reserved, null);
        }

        return elsewhere;
    }
}
