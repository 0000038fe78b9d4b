using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>A job that is canceled when the last one who waits for it has hung up, and not a moment sooner (rule I6).</summary>
public sealed class CancelOnDisconnectTests(JobCluster cluster) : IClassFixture<JobCluster>
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(400);

    [Fact]
    public async Task The_last_gateway_whose_waiters_have_hung_up_ends_it()
    {
        var job = NewJob();
        var ears = new[] { await job.SubmitAsync(), job.Ear() };
        await job.Grain.Attach(ears[1].Subscription(1), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(ears[0].Subscription(1)));
        Assert.Equal(Cancellation.Accepted, await job.Grain.Disconnect(ears[1].Subscription(1)));
        Assert.Equal(JobState.Canceled, (await job.StoredAsync())!.State);
        Assert.Equal(Cancellation.AlreadyEnded, await job.Grain.Disconnect(ears[1].Subscription(1)));
    }

    [Fact]
    public async Task A_job_without_the_flag_goes_on()
    {
        var job = cluster.NewJob();
        var ear = await job.SubmitAsync();
        Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(ear.Subscription(1)));
        Assert.False((await job.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task An_old_word_that_all_have_hung_up_counts_no_more_when_somebody_has_come_again()
    {
        var job = NewJob();
        var ear = await job.SubmitAsync();
        await job.Grain.Attach(ear.Subscription(2), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(ear.Subscription(1)));
        await job.FinishAsync();
        await ear.FirstAsync();
    }

    [Fact]
    public async Task Whom_storage_did_not_hear_is_heard_later_unless_somebody_has_come_meanwhile()
    {
        var (job, taken) = (NewJob(), NewJob());
        foreach (var abandoned in new[] { job, taken })
        {
            var ear = await abandoned.SubmitAsync();
            abandoned.Storage.AllWritesFail = true;
            Assert.Equal(Cancellation.Unavailable, await abandoned.Grain.Disconnect(ear.Subscription(1)));
            abandoned.Storage.AllWritesFail = false;
            if (abandoned == taken)
            {
                await taken.Grain.Attach(taken.Ear().Subscription(1), Reading.Cached);
            }

            Assert.Equal(abandoned == taken ? Cancellation.NotFound : Cancellation.Accepted, await abandoned.Grain.Disconnect(ear.Subscription(1)));
        }

        Assert.False((await taken.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task A_gateway_whose_waiters_have_hung_up_says_so_until_it_is_stored()
    {
        var job = NewJob();
        var gateway = await cluster.GatewayAsync();
        using var client = new CancellationTokenSource();
        var submitted = gateway.SubmitAndWaitAsync(job.Spec, null, job.Soon, client.Token);
        await job.Executor.First.Task.WaitAsync(JobCluster.Patience);
        job.Storage.AllWritesFail = true;
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => submitted);

        // More than one word of it tries by itself.
        await TestServer.UntilAsync(() => job.Storage.Written > 5);
        job.Storage.AllWritesFail = false;
        await TestServer.UntilAsync(() => job.StoredAsync().GetAwaiter().GetResult() is { State: JobState.Canceled });
    }

    [Fact]
    public async Task Who_was_told_that_the_job_goes_on_can_count_on_it_whoever_hangs_up_next()
    {
        var job = NewJob();
        var told = await job.SubmitAsync();
        await job.Grain.Leave(told.Subscription(1));
        var next = job.Ear();
        await job.Grain.Attach(next.Subscription(1), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(next.Subscription(1)));
        Assert.False((await job.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task Who_was_told_can_count_on_it_although_the_word_of_it_was_lost()
    {
        var job = NewJob();
        var gateway = await cluster.GatewayAsync();
        cluster.LostLeaves[job.Grain.GetGrainId()] = 3;
        Assert.IsType<WaitResult.TimedOut>(await gateway.SubmitAndWaitAsync(job.Spec, null, new Deadline(TimeProvider.System, Short), CancellationToken.None));
        using var client = new CancellationTokenSource();
        var again = gateway.AttachAndWaitAsync(job.Key, _ => true, job.Soon, client.Token);
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => again);
        await TestServer.UntilAsync(() => cluster.LostLeaves[job.Grain.GetGrainId()] == 0);
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(job.Ear().Subscription(1), Reading.Cached));

        // Once it is heard, it need not be said again.
        using var other = new CancellationTokenSource();
        again = gateway.AttachAndWaitAsync(job.Key, _ => true, job.Soon, other.Token);
        await other.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => again);
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(job.Ear().Subscription(1), Reading.Fresh));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_job_that_came_to_be_unseen_ends_if_its_client_has_hung_up_and_goes_on_if_it_was_told(bool hangsUp)
    {
        var job = NewJob();
        var gateway = await cluster.GatewayAsync();
        var slow = new TaskCompletionSource();
        job.Storage.NextWrites(Fault.After);
        job.Storage.Gate = slow.Task;
        using var client = new CancellationTokenSource();
        var submitted = gateway.SubmitAndWaitAsync(job.Spec, null, new Deadline(TimeProvider.System, Short), client.Token);
        await TestServer.UntilAsync(() => job.Storage.Reads > 0);
        if (hangsUp)
        {
            await client.CancelAsync();
        }

        Assert.IsType<WaitResult.Unknown>(await submitted);
        slow.SetResult();
        await job.Executor.First.Task.WaitAsync(JobCluster.Patience);
        var ear = job.Ear();
        if (hangsUp)
        {
            await TestServer.UntilAsync(() => job.StoredAsync().GetAwaiter().GetResult() is { HasEnded: true });
        }
        else
        {
            Assert.IsType<JobReply.Pending>(await job.Grain.Attach(ear.Subscription(1), Reading.Cached));
            Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(ear.Subscription(1)));
        }

        Assert.Equal(hangsUp, (await job.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task Another_activation_of_its_grain_does_not_know_who_came_and_ends_nothing()
    {
        var job = NewJob();
        var ear = await job.SubmitAsync();
        var moved = cluster.NewJob();
        await moved.PutAsync((await job.StoredAsync())!);
        await moved.Grain.Attach(ear.Subscription(1), Reading.Cached);
        Assert.Equal(Cancellation.NotFound, await moved.Grain.Disconnect(ear.Subscription(1)));
        Assert.False((await moved.StoredAsync())!.HasEnded);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_grain_that_hears_of_a_job_that_it_does_not_know_leaves_memory(bool isTold)
    {
        var job = NewJob();
        var subscription = job.Ear().Subscription(1);
        await (isTold ? job.Grain.Leave(subscription) : job.Grain.Disconnect(subscription));

        var management = cluster.Grains.GetGrain<IManagementGrain>(0);
        var grain = job.Grain.GetGrainId();
        await TestServer.UntilAsync(() => !management.GetActiveGrains(grain.Type).AsTask().GetAwaiter().GetResult().Contains(grain));
    }

    private TestJob NewJob() => new(cluster, cluster.NewJob().Spec with { CallerWaitsUntil = DateTimeOffset.MaxValue });
}
