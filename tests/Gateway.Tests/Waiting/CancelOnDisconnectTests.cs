using Microsoft.Extensions.Time.Testing;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>
/// A job that its caller wants canceled when the client disconnects: what a gateway says to the job's grain, until it is stored. On TestingHost, with
/// messages and writes that are lost.
/// </summary>
[Collection(WaitingCollection.Name), Trait(WaitingRules.Trait, "I6")]
public sealed class CancelOnDisconnectTests(WaitingCluster cluster)
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(400);

    [Fact]
    public async Task A_gateway_whose_clients_have_disconnected_repeats_it_until_the_cancel_is_stored()
    {
        var job = NewJob();
        var gateway = await cluster.GatewayAsync();
        using var client = new CancellationTokenSource();
        var submitted = gateway.SubmitAndWaitAsync(job, aborted: client.Token);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        job.Storage.AllWritesFail = true;
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => submitted);

        // The grain tries each cancel three times.
        await Eventually.TrueAsync(() => job.Storage.Written > 5, "the gateway has repeated it");
        job.Storage.AllWritesFail = false;
        await Eventually.TrueAsync(async () => await job.StoredAsync() is { State: JobState.Canceled }, "the cancel is stored");
    }

    [Fact]
    public async Task A_job_whose_id_a_client_has_goes_on_even_if_the_leave_was_lost()
    {
        var job = NewJob();
        var gateway = await cluster.GatewayAsync();
        cluster.LostLeaves[job.Grain.GetGrainId()] = 3;
        var deadlines = new WaitDeadlines(WaitingCluster.Minute, new Deadline(TimeProvider.System, Short));
        Assert.IsType<WaitResult.TimedOut>(await gateway.SubmitAndWaitAsync(job, deadlines));
        using var client = new CancellationTokenSource();
        var again = gateway.AttachAndWaitAsync(job, aborted: client.Token);
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => again);
        await Eventually.TrueAsync(() => cluster.LostLeaves[job.Grain.GetGrainId()] == 0, "the gateway has repeated the leave");
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(job.Observer().Subscription(1), Reading.Cached));

        // After the grain has received it once, it need not be sent again.
        using var other = new CancellationTokenSource();
        again = gateway.AttachAndWaitAsync(job, aborted: other.Token);
        await other.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => again);
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(job.Observer().Subscription(1), Reading.Fresh));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_job_whose_creation_was_not_confirmed_ends_if_its_client_disconnected_and_goes_on_if_it_has_the_id(bool disconnects)
    {
        var job = NewJob();
        var gateway = await cluster.GatewayAsync();
        var slow = new TaskCompletionSource();
        job.Storage.NextWrites(WriteFault.After);
        job.Storage.Gate = slow.Task;
        using var client = new CancellationTokenSource();

        // Its time ends when the test says so. Until then the gateway calls again and again.
        var time = new FakeTimeProvider();
        var submitted = gateway.SubmitAndWaitAsync(job, new Deadline(time, Short), aborted: client.Token);
        await Eventually.TrueAsync(() => job.Storage.Reads > 0, "the record is read");
        if (disconnects)
        {
            await client.CancelAsync();
        }

        time.Advance(Short);
        Assert.IsType<WaitResult.Unknown>(await submitted);
        slow.SetResult();
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        var observer = job.Observer();
        if (disconnects)
        {
            await Eventually.TrueAsync(async () => await job.StoredAsync() is { HasEnded: true }, "the job has ended");
        }
        else
        {
            Assert.IsType<JobReply.Pending>(await job.Grain.Attach(observer.Subscription(1), Reading.Cached));
            Assert.Equal(Cancellation.NotFound, await job.Grain.Disconnect(observer.Subscription(1)));
        }

        Assert.Equal(disconnects, (await job.StoredAsync())!.HasEnded);
    }

    private TestJob NewJob() => cluster.NewJob(spec => spec with { CallerWaitsUntil = DateTimeOffset.MaxValue });
}
