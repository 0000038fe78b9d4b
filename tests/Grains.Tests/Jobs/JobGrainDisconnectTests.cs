using SyncCluster.Harness;
using SyncCluster.Jobs;

namespace SyncCluster.Grains.Tests.Jobs;

/// <summary>
/// A job is canceled when its last waiting client has disconnected, if its caller asked for that, and not earlier. On TestingHost: what gateways say
/// to the grain is all that counts. A gateway that is lost and says nothing is tested in <c>GatewayLossTests</c>.
/// </summary>
[Collection(JobCluster.Name), Trait(WaitingRules.Trait, "I6")]
public sealed class JobGrainDisconnectTests(JobCluster cluster)
{
    [Fact]
    public async Task The_disconnect_of_the_last_gateway_cancels_the_job()
    {
        var job = NewJob();
        var observers = new[] { await job.SubmitAsync(), job.Observer() };
        await job.Grain.Attach(observers[1].Subscription(1), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(observers[0].Subscription(1)));
        Assert.Equal(Cancellation.Accepted, await job.Grain.Disconnect(observers[1].Subscription(1)));
        Assert.Equal(JobState.Canceled, (await job.StoredAsync())!.State);
        Assert.Equal(Cancellation.AlreadyEnded, await job.Grain.Disconnect(observers[1].Subscription(1)));
    }

    [Fact]
    public async Task A_job_whose_caller_did_not_ask_for_it_goes_on()
    {
        var job = cluster.NewJob();
        var observer = await job.SubmitAsync();
        Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(observer.Subscription(1)));
        Assert.False((await job.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task A_disconnect_that_is_older_than_the_subscription_changes_nothing()
    {
        var job = NewJob();
        var observer = await job.SubmitAsync();
        await job.Grain.Attach(observer.Subscription(2), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(observer.Subscription(1)));
        await job.FinishAsync();
        await observer.FirstAsync();
    }

    [Fact]
    public async Task A_disconnect_that_could_not_be_stored_cancels_later_unless_another_gateway_has_come()
    {
        var (job, taken) = (NewJob(), NewJob());
        foreach (var disconnected in new[] { job, taken })
        {
            var observer = await disconnected.SubmitAsync();
            disconnected.Storage.AllWritesFail = true;
            Assert.Equal(Cancellation.Unavailable, await disconnected.Grain.Disconnect(observer.Subscription(1)));
            disconnected.Storage.AllWritesFail = false;
            if (disconnected == taken)
            {
                await taken.Grain.Attach(taken.Observer().Subscription(1), Reading.Cached);
            }

            Assert.Equal(
                disconnected == taken ? Cancellation.NotFound : Cancellation.Accepted, await disconnected.Grain.Disconnect(observer.Subscription(1)));
        }

        Assert.False((await taken.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task A_job_whose_id_a_client_has_goes_on_when_another_client_disconnects()
    {
        var job = NewJob();
        var told = await job.SubmitAsync();
        await job.Grain.Leave(told.Subscription(1));
        var next = job.Observer();
        await job.Grain.Attach(next.Subscription(1), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(next.Subscription(1)));
        Assert.False((await job.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task A_new_activation_cancels_the_job_once_all_gateways_have_attached_again_and_disconnected()
    {
        var job = NewJob();
        var observers = new[] { await job.SubmitAsync(), job.Observer() };
        await job.Grain.Attach(observers[1].Subscription(1), Reading.Cached);
        await cluster.DeactivateAsync(job.Grain);
        Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(observers[0].Subscription(1)));

        await job.Grain.Attach(observers[0].Subscription(2), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(observers[0].Subscription(2)));
        Assert.False((await job.StoredAsync())!.HasEnded);

        await job.Grain.Attach(observers[1].Subscription(2), Reading.Cached);
        Assert.Equal(Cancellation.Accepted, await job.Grain.Disconnect(observers[1].Subscription(2)));
        Assert.Equal(JobState.Canceled, (await job.StoredAsync())!.State);
    }

    [Fact]
    public async Task A_new_activation_knows_that_a_client_has_the_jobs_id()
    {
        var job = NewJob();
        var told = await job.SubmitAsync();
        await job.Grain.Leave(told.Subscription(1));
        await cluster.DeactivateAsync(job.Grain);
        await job.Grain.Attach(told.Subscription(2), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(told.Subscription(2)));
        Assert.False((await job.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task A_leave_is_not_acknowledged_before_it_is_stored_and_until_then_its_gateway_waits()
    {
        var job = NewJob();
        var told = await job.SubmitAsync();
        job.Storage.AllWritesFail = true;
        await Assert.ThrowsAsync<OrleansException>(() => job.Grain.Leave(told.Subscription(1)));
        job.Storage.AllWritesFail = false;
        var next = job.Observer();
        await job.Grain.Attach(next.Subscription(1), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(next.Subscription(1)));
        await job.Grain.Leave(told.Subscription(1));
        Assert.Null((await job.StoredAsync())!.Waiters);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_grain_without_a_job_leaves_memory(bool isLeave)
    {
        var job = NewJob();
        var subscription = job.Observer().Subscription(1);
        await (isLeave ? job.Grain.Leave(subscription) : job.Grain.Disconnect(subscription));

        var management = cluster.Grains.GetGrain<IManagementGrain>(0);
        var grain = job.Grain.GetGrainId();
        await Eventually.TrueAsync(async () => !(await management.GetActiveGrains(grain.Type)).Contains(grain), "the grain has left memory");
    }

    private TestJob NewJob() => cluster.NewJob(spec => spec with { CallerWaitsUntil = DateTimeOffset.MaxValue });
}
