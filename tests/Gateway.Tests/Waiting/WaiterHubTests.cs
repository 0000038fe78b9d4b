using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using Orleans.Core.Internal;
using SyncCluster.Execution;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>Requests that wait at a gateway, on real grains (rules I1, I5, I6, I7).</summary>
public sealed class WaiterHubTests(JobCluster cluster) : IClassFixture<JobCluster>
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(600);

    [Fact]
    public async Task An_end_right_after_the_release_reaches_the_submitter()
    {
        var gateway = await cluster.GatewayAsync();
        for (var round = 0; round < 50; round++)
        {
            var job = cluster.NewJob();
            job.Executor.OnRelease = attempt => _ = Task.Run(async () =>
            {
                var run = Guid.NewGuid();
                await job.AssignAsync(attempt, run);
                await job.Grain.Complete(run, TestJob.Success);
            });
            var end = await gateway.SubmitAndWaitAsync(job.Spec, null, job.Soon, CancellationToken.None).WaitAsync(JobCluster.Patience);
            Assert.Equal((await job.StoredAsync())!.Document!, WaiterHubExtensions.Reply<JobReply.Finished>(end).Job.Document);
        }

        Assert.Equal(0, gateway.Waiters);
    }

    [Fact]
    public async Task A_hundred_waiters_at_four_gateways_get_the_same_answer()
    {
        var job = cluster.NewJob();
        var gateways = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => cluster.GatewayAsync()));
        var submitted = gateways[0].SubmitAndWaitAsync(job.Spec, null, job.Soon, CancellationToken.None);
        await job.Executor.First.Task.WaitAsync(JobCluster.Patience);
        Task<WaitResult>[] waiters =
            [submitted, .. Enumerable.Range(1, 99).Select(i => gateways[i % 4].AttachAndWaitAsync(job.Key, _ => true, job.Soon, CancellationToken.None))];
        await job.FinishAsync();
        var document = (await job.StoredAsync())!.Document!;
        Assert.All(
            await Task.WhenAll(waiters).WaitAsync(JobCluster.Patience),
            end => Assert.Equal(document, WaiterHubExtensions.Reply<JobReply.Finished>(end).Job.Document));
        Assert.All(gateways, gateway => Assert.Equal(0, gateway.Waiters));
    }

    [Fact]
    public async Task A_wait_ends_by_its_deadline_and_the_job_goes_on()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        var watch = Stopwatch.StartNew();
        var end = await gateway.SubmitAndWaitAsync(job.Spec, null, new Deadline(TimeProvider.System, Short), CancellationToken.None).WaitAsync(JobCluster.Patience);
        Assert.IsType<WaitResult.TimedOut>(end);
        Assert.InRange(watch.Elapsed, Short - TimeSpan.FromMilliseconds(20), Short + TimeSpan.FromSeconds(1.5));
        Assert.Equal(Lifecycle.Ready, (await job.StoredAsync())!.Lifecycle);
    }

    [Fact]
    public async Task A_storage_that_hangs_keeps_nobody_past_the_deadline()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        var gate = new TaskCompletionSource();
        var watch = Stopwatch.StartNew();
        try
        {
            job.Storage.Gate = gate.Task;
            var submitted = gateway.SubmitAndWaitAsync(job.Spec, null, new Deadline(TimeProvider.System, Short), CancellationToken.None);
            Assert.IsType<WaitResult.TimedOut>(await submitted.WaitAsync(JobCluster.Patience));
            var attached = gateway.AttachAndWaitAsync(job.Key, _ => true, new Deadline(TimeProvider.System, Short), CancellationToken.None);
            Assert.IsType<WaitResult.Unknown>(await attached.WaitAsync(JobCluster.Patience));
        }
        finally
        {
            gate.SetResult();
        }

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, (Short * 2) + TimeSpan.FromSeconds(1.5));
    }

    [Fact]
    public async Task A_cluster_that_gives_no_answer_at_all_is_not_waited_for_to_the_end()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync(new WaitingOptions { Silence = TimeSpan.FromSeconds(1) });
        var gate = new TaskCompletionSource();
        job.Storage.Gate = gate.Task;
        try
        {
            var minutes = new Deadline(TimeProvider.System, TimeSpan.FromMinutes(10));
            Assert.IsType<WaitResult.Unknown>(await gateway.AttachAndWaitAsync(job.Key, _ => true, minutes, CancellationToken.None).WaitAsync(JobCluster.Patience));
        }
        finally
        {
            gate.SetResult();
        }
    }

    [Fact]
    public async Task The_last_look_finds_a_job_that_ended_without_a_push()
    {
        var job = cluster.NewJob();
        WaiterHubExtensions.Reply<JobReply.Finished>(await LastLookAsync(job, job.EndBehindTheGrainAsync));
    }

    [Fact]
    public async Task The_last_look_says_that_the_job_s_record_is_lost()
    {
        var job = cluster.NewJob();
        var refused = Assert.IsType<WaitResult.Refused>(await LastLookAsync(job, () => cluster.Storage.RemoveAsync(job.Grain.GetGrainId())));
        Assert.Equal(Problems.RecordLost(job.Spec.JobId), refused.Problem);
    }

    [Fact]
    public async Task A_client_that_goes_away_changes_nothing_for_another()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        using var goes = new CancellationTokenSource();
        var gone = gateway.SubmitAndWaitAsync(job.Spec, null, job.Soon, goes.Token);
        await job.Executor.First.Task.WaitAsync(JobCluster.Patience);
        var stays = gateway.AttachAndWaitAsync(job.Key, _ => true, job.Soon, CancellationToken.None);
        await goes.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone.WaitAsync(JobCluster.Patience));
        Assert.Equal(1, gateway.Waiters);
        Assert.False(stays.IsCompleted);

        // A call behind the Leave that must not have been sent.
        await job.Grain.Attach(null, Reading.Cached);
        await job.FinishAsync();
        WaiterHubExtensions.Reply<JobReply.Finished>(await stays.WaitAsync(TimeSpan.FromSeconds(5)));
        Assert.Equal(0, gateway.Waiters);
    }

    [Fact]
    public async Task A_server_that_stops_ends_the_waits_that_are_and_those_that_come()
    {
        var job = cluster.NewJob();
        using var stop = new CancellationTokenSource();
        var gateway = await cluster.GatewayAsync(new() { DrainTime = TimeSpan.FromMilliseconds(1) }, stop: stop.Token);
        using (var wait = await gateway.SubmitAsync(job.Spec, null, new WaitDeadlines(job.Soon, job.Soon), CancellationToken.None).WaitAsync(JobCluster.Patience))
        {
            Assert.Null(wait.Result);
            var submitted = wait.EndAsync(CancellationToken.None);
            await stop.CancelAsync();
            Assert.IsType<WaitResult.Draining>(await submitted.WaitAsync(TimeSpan.FromSeconds(5)));
        }

        Assert.IsType<WaitResult.Draining>(
            await gateway.AttachAndWaitAsync(job.Key, _ => true, job.Soon, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(5)));

        // Whoever would not have waited is told the same as ever.
        Assert.IsType<WaitResult.TimedOut>(await gateway.AttachAndWaitAsync(
            job.Key, _ => true, new WaitDeadlines(job.Soon, new Deadline(TimeProvider.System, TimeSpan.Zero)), CancellationToken.None));
        Assert.Equal(0, gateway.Waiters);
        await job.FinishAsync();
        WaiterHubExtensions.Reply<JobReply.Finished>(await gateway.AttachAndWaitAsync(job.Key, _ => true, job.Soon, CancellationToken.None));
    }

    [Fact]
    public async Task Who_may_not_see_the_job_is_told_so_and_the_others_wait_on()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        var waits = gateway.SubmitAndWaitAsync(job.Spec, null, job.Soon, CancellationToken.None);
        await job.Executor.First.Task.WaitAsync(JobCluster.Patience);
        Assert.IsType<WaitResult.Forbidden>(await gateway.AttachAndWaitAsync(job.Key, _ => false, job.Soon, CancellationToken.None));
        await job.FinishAsync();
        Assert.IsType<WaitResult.Forbidden>(await gateway.AttachAndWaitAsync(job.Key, _ => false, job.Soon, CancellationToken.None));
        WaiterHubExtensions.Reply<JobReply.Finished>(await waits.WaitAsync(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_gateway_asks_again_when_the_grain_has_left_memory()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        var submitted = gateway.SubmitAndWaitAsync(job.Spec, null, new Deadline(TimeProvider.System, TimeSpan.FromSeconds(60)), CancellationToken.None);
        await job.Executor.First.Task.WaitAsync(JobCluster.Patience);
        await job.EndBehindTheGrainAsync();
        await job.Grain.Cast<IGrainManagementExtension>().DeactivateOnIdle();
        WaiterHubExtensions.Reply<JobReply.Finished>(await submitted.WaitAsync(JobCluster.Patience));
    }

    [Fact]
    public async Task A_gateway_asks_again_from_time_to_time_and_old_memory_is_not_believed()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync(new WaitingOptions { AttachInterval = TimeSpan.FromMilliseconds(200) });
        var submitted = gateway.SubmitAndWaitAsync(job.Spec, null, new Deadline(TimeProvider.System, TimeSpan.FromSeconds(60)), CancellationToken.None);
        await job.Executor.First.Task.WaitAsync(JobCluster.Patience);
        await job.EndBehindTheGrainAsync();
        cluster.Clock.Forward(TimeSpan.FromSeconds(61));
        WaiterHubExtensions.Reply<JobReply.Finished>(await submitted.WaitAsync(JobCluster.Patience));
    }

    [Fact]
    public async Task A_gateway_asks_often_while_the_silo_of_the_grain_stops_and_may_not_reach_it()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        cluster.Executor.IsStopping = true;
        try
        {
            var submitted = gateway.SubmitAndWaitAsync(job.Spec, null, new Deadline(TimeProvider.System, TimeSpan.FromSeconds(60)), CancellationToken.None);
            await job.Executor.First.Task.WaitAsync(JobCluster.Patience);
            await job.EndBehindTheGrainAsync();
            cluster.Clock.Forward(TimeSpan.FromSeconds(61));
            WaiterHubExtensions.Reply<JobReply.Finished>(await submitted.WaitAsync(JobCluster.Patience));
        }
        finally
        {
            cluster.Executor.IsStopping = false;
        }
    }

    [Fact]
    public async Task A_storage_that_comes_back_in_time_is_not_noticed()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        job.Storage.NextWrites([.. Enumerable.Repeat(Fault.Before, 7)]);
        var submitted = gateway.SubmitAndWaitAsync(job.Spec, null, job.Soon, CancellationToken.None);
        await job.Executor.First.Task.WaitAsync(JobCluster.Patience);
        await job.FinishAsync();
        WaiterHubExtensions.Reply<JobReply.Finished>(await submitted.WaitAsync(JobCluster.Patience));
        Assert.Single(job.Executor.Attempts);
    }

    [Fact]
    public async Task A_storage_that_stays_away_is_told_after_some_patience()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync(new WaitingOptions { Patience = TimeSpan.FromMilliseconds(200) });
        job.Storage.AllWritesFail = true;
        var end = await gateway.SubmitAndWaitAsync(job.Spec, null, job.Soon, CancellationToken.None).WaitAsync(JobCluster.Patience);
        WaiterHubExtensions.Reply<JobReply.Unavailable>(end);
        Assert.Empty(job.Executor.Attempts);
        Assert.Equal(0, gateway.Waiters);
    }

    [Fact]
    public async Task A_grain_that_is_broken_keeps_nobody_long()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        await job.PutAsync(JobRecord.Fenced(job.Spec, Guid.NewGuid(), cluster.Executor.Address, DateTimeOffset.UtcNow));
        var calls = 0;
        job.Executor.Resume = _ =>
        {
            Interlocked.Increment(ref calls);
            throw new InvalidOperationException("A bug.");
        };
        var minute = new Deadline(TimeProvider.System, TimeSpan.FromMinutes(1));
        Assert.IsType<WaitResult.Unknown>(await gateway.AttachAndWaitAsync(job.Key, _ => true, minute, CancellationToken.None).WaitAsync(JobCluster.Patience));
        Assert.Equal(3, calls);
        Assert.IsType<WaitResult.Unknown>(await gateway.SubmitAndWaitAsync(job.Spec, null, minute, CancellationToken.None).WaitAsync(JobCluster.Patience));
        Assert.Equal(0, gateway.Waiters);
    }

    [Fact]
    public async Task A_grain_that_fails_twice_is_asked_again()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        await job.PutAsync(JobRecord.Fenced(job.Spec, Guid.NewGuid(), cluster.Executor.Address, DateTimeOffset.UtcNow));
        var calls = 0;
        job.Executor.Resume = _ => Interlocked.Increment(ref calls) > 2
            ? Task.FromResult<Resumption>(new Resumption.End(TestJob.Failure))
            : throw new InvalidOperationException("A bug.");
        WaiterHubExtensions.Reply<JobReply.Finished>(await gateway.AttachAndWaitAsync(job.Key, _ => true, job.Soon, CancellationToken.None).WaitAsync(JobCluster.Patience));
    }

    /// <summary>How a wait ends whose last look is taken after something has happened that nobody was told of.</summary>
    private async Task<WaitResult> LastLookAsync(TestJob job, Func<Task> happens)
    {
        var untilTheLook = TimeSpan.FromSeconds(1.5);
        var time = new ObservedTime(untilTheLook);
        var gateway = await cluster.GatewayAsync(time: time);
        var submitted = gateway.SubmitAndWaitAsync(job.Spec, null, new Deadline(time, TimeSpan.FromSeconds(2)), CancellationToken.None);
        await job.Executor.First.Task.WaitAsync(JobCluster.Patience);
        await happens();
        await time.IsWaitedFor.WaitAsync(JobCluster.Patience);
        Assert.False(submitted.IsCompleted);

        time.Advance(untilTheLook);
        return await submitted.WaitAsync(JobCluster.Patience);
    }

    /// <summary>Time that passes when it is told to, and tells when somebody waits for so much of it.</summary>
    /// <remarks>It is ahead of the grains' time, who refuse what has come too late.</remarks>
    private sealed class ObservedTime(TimeSpan span) : FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(1))
    {
        private readonly TaskCompletionSource _waitedFor = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task IsWaitedFor => _waitedFor.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime == span)
            {
                _waitedFor.TrySetResult();
            }

            return timer;
        }
    }
}
