using Microsoft.Extensions.Time.Testing;
using SyncCluster.Execution;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using static SyncCluster.Gateway.Tests.Waiting.WaiterHubExtensions;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>
/// Requests that wait at a gateway, on the grains of a TestingHost cluster: deadlines, repeated calls, faults of storage and grains. Silos and
/// gateways that are lost while requests wait are in <c>SiloLossTests</c> and <c>GatewayLossTests</c>, under SIGKILL in <c>Cluster.Tests</c>.
/// </summary>
[Collection(WaitingCollection.Name)]
public sealed class WaiterHubTests(WaitingCluster cluster)
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(600);

    [Fact, Trait(WaitingRules.Trait, "I1")]
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
            var end = await gateway.SubmitAndWaitAsync(job).WaitAsync(JobTestCluster.Patience);
            Assert.Equal((await job.StoredAsync())!.Document!, Reply<JobReply.Finished>(end).Job.Document);
        }

        Assert.Equal(0, gateway.Waiters);
    }

    [Fact, Trait(WaitingRules.Trait, "I1")]
    public async Task A_hundred_waiters_at_four_gateways_get_the_same_answer()
    {
        var job = cluster.NewJob();
        var gateways = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => cluster.GatewayAsync()));
        var submitted = gateways[0].SubmitAndWaitAsync(job);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        Task<WaitResult>[] waiters =
            [submitted, .. Enumerable.Range(1, 99).Select(i => gateways[i % 4].AttachAndWaitAsync(job))];
        await job.FinishAsync();
        var document = (await job.StoredAsync())!.Document!;
        Assert.All(
            await Task.WhenAll(waiters).WaitAsync(JobTestCluster.Patience),
            end => Assert.Equal(document, Reply<JobReply.Finished>(end).Job.Document));
        Assert.All(gateways, gateway => Assert.Equal(0, gateway.Waiters));
    }

    [Fact, Trait(WaitingRules.Trait, "I5")]
    public async Task A_wait_ends_by_its_deadline_and_the_job_goes_on()
    {
        var job = cluster.NewJob();
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(1));
        var gateway = await cluster.GatewayAsync(time: time);
        using var wait = await SubmitAsync(gateway, job, new Deadline(time, Short));
        var end = wait.EndAsync(CancellationToken.None);
        time.Advance(Short / 2);
        Assert.False(end.IsCompleted);
        time.Advance(Short / 2);
        Assert.IsType<WaitResult.TimedOut>(await end.WaitAsync(JobTestCluster.Patience));
        Assert.Equal(Lifecycle.Ready, (await job.StoredAsync())!.Lifecycle);
    }

    [Fact, Trait(WaitingRules.Trait, "I5")]
    public async Task A_storage_that_hangs_keeps_no_request_past_its_deadline()
    {
        var job = cluster.NewJob();
        var time = new ObservedTime(Short / 4);
        var gateway = await cluster.GatewayAsync(time: time);
        var gate = new TaskCompletionSource();
        try
        {
            job.Storage.Gate = gate.Task;
            using var wait = await SubmitAsync(gateway, job, new Deadline(time, Short));
            var submitted = wait.EndAsync(CancellationToken.None);

            // The last attach has a quarter of the time.
            time.Advance(Short - (Short / 4));
            await time.IsWaitedFor.WaitAsync(JobTestCluster.Patience);
            Assert.False(submitted.IsCompleted);
            time.Advance(Short / 4);
            Assert.IsType<WaitResult.TimedOut>(await submitted.WaitAsync(JobTestCluster.Patience));
            var attached = gateway.AttachAndWaitAsync(job, new Deadline(time, Short));
            time.Advance(Short);
            Assert.IsType<WaitResult.Unknown>(await attached.WaitAsync(JobTestCluster.Patience));
        }
        finally
        {
            gate.SetResult();
        }
    }

    [Fact]
    public async Task A_request_is_not_kept_to_its_deadline_if_the_cluster_does_not_answer_at_all()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync(new WaitingOptions { Silence = TimeSpan.FromSeconds(1) });
        var gate = new TaskCompletionSource();
        job.Storage.Gate = gate.Task;
        try
        {
            var minutes = new Deadline(TimeProvider.System, TimeSpan.FromMinutes(10));
            Assert.IsType<WaitResult.Unknown>(await gateway.AttachAndWaitAsync(job, minutes).WaitAsync(JobTestCluster.Patience));
        }
        finally
        {
            gate.SetResult();
        }
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task A_gateway_that_was_frozen_does_not_submit_a_job_that_may_have_been_removed_meanwhile()
    {
        var job = cluster.NewJob();
        var clock = new ShiftedClock();
        var gateway = await cluster.GatewayAsync(new WaitingOptions { Patience = TimeSpan.FromSeconds(2) }, clock);
        var frozen = TimeSpan.FromMinutes(10);
        job.Storage.AllWritesFail = job.Storage.AllReadsFail = true;
        var submitted = gateway.SubmitAndWaitAsync(job);
        await Eventually.TrueAsync(() => job.Storage.Written > 0, "the gateway has submitted");
        clock.ForwardDate(frozen);
        cluster.Clock.ForwardDate(frozen);
        try
        {
            job.Storage.AllWritesFail = job.Storage.AllReadsFail = false;
            Assert.IsType<WaitResult.Unknown>(await submitted.WaitAsync(JobTestCluster.Patience));
            Assert.Empty(job.Executor.Attempts);
        }
        finally
        {
            cluster.Clock.ForwardDate(-frozen);
        }
    }

    [Fact, Trait(WaitingRules.Trait, "I5")]
    public async Task The_last_attach_finds_a_job_that_ended_without_a_push()
    {
        var job = cluster.NewJob();
        Reply<JobReply.Finished>(await LastAttachAsync(job, job.EndBehindTheGrainAsync));
    }

    [Fact, Trait(WaitingRules.Trait, "I5")]
    public async Task The_last_attach_finds_that_the_record_is_lost()
    {
        var job = cluster.NewJob();
        var refused = Assert.IsType<WaitResult.Refused>(await LastAttachAsync(job, () => cluster.Storage.RemoveAsync(job.Grain.GetGrainId())));
        Assert.Equal(Problems.RecordLost(job.Spec.JobId), refused.Problem);
    }

    [Fact, Trait(WaitingRules.Trait, "I6")]
    public async Task A_client_that_disconnects_changes_nothing_for_another()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        using var goes = new CancellationTokenSource();
        var gone = gateway.SubmitAndWaitAsync(job, aborted: goes.Token);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        var stays = gateway.AttachAndWaitAsync(job);
        await goes.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone.WaitAsync(JobTestCluster.Patience));
        Assert.Equal(1, gateway.Waiters);
        Assert.False(stays.IsCompleted);

        // If the gateway had sent a Leave, it would have arrived before this.
        await job.Grain.Attach(null, Reading.Cached);
        await job.FinishAsync();
        Reply<JobReply.Finished>(await stays.WaitAsync(JobTestCluster.Patience));
        Assert.Equal(0, gateway.Waiters);
    }

    [Fact]
    public async Task A_gateway_that_stops_ends_its_waits_and_new_ones()
    {
        var job = cluster.NewJob();
        using var stop = new CancellationTokenSource();
        var gateway = await cluster.GatewayAsync(new() { DrainTime = TimeSpan.FromMilliseconds(1) }, stop: stop.Token);
        var deadlines = new WaitDeadlines(WaitingCluster.Minute, WaitingCluster.Minute);
        using (var wait = await gateway.SubmitAsync(job.Spec, null, null, deadlines, CancellationToken.None).WaitAsync(JobTestCluster.Patience))
        {
            Assert.Null(wait.Result);
            var submitted = wait.EndAsync(CancellationToken.None);
            await stop.CancelAsync();
            Assert.IsType<WaitResult.Draining>(await submitted.WaitAsync(JobTestCluster.Patience));
        }

        Assert.IsType<WaitResult.Draining>(
            await gateway.AttachAndWaitAsync(job).WaitAsync(JobTestCluster.Patience));

        // A request that does not wait is answered as ever.
        var noWait = new WaitDeadlines(WaitingCluster.Minute, new Deadline(TimeProvider.System, TimeSpan.Zero));
        Assert.IsType<WaitResult.TimedOut>(await gateway.AttachAndWaitAsync(job, noWait));
        Assert.Equal(0, gateway.Waiters);
        await job.FinishAsync();
        Reply<JobReply.Finished>(await gateway.AttachAndWaitAsync(job));
    }

    [Fact, Trait(WaitingRules.Trait, "I6")]
    public async Task A_caller_that_may_not_see_the_job_is_refused_and_the_others_wait_on()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        var waits = gateway.SubmitAndWaitAsync(job);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        Assert.IsType<WaitResult.Forbidden>(await gateway.AttachAndWaitAsync(job, mayShow: false));
        await job.FinishAsync();
        Assert.IsType<WaitResult.Forbidden>(await gateway.AttachAndWaitAsync(job, mayShow: false));
        Reply<JobReply.Finished>(await waits.WaitAsync(JobTestCluster.Patience));
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task A_gateway_attaches_again_when_the_grain_has_left_memory()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        var submitted = gateway.SubmitAndWaitAsync(job);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        await job.EndBehindTheGrainAsync();
        await cluster.DeactivateAsync(job.Grain);
        Reply<JobReply.Finished>(await submitted.WaitAsync(JobTestCluster.Patience));
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task A_gateway_attaches_again_from_time_to_time_and_the_grain_reads_what_is_old()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync(new WaitingOptions { AttachInterval = TimeSpan.FromMilliseconds(200) });
        var submitted = gateway.SubmitAndWaitAsync(job);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        await job.EndBehindTheGrainAsync();
        cluster.Clock.Forward(TimeSpan.FromSeconds(61));
        Reply<JobReply.Finished>(await submitted.WaitAsync(JobTestCluster.Patience));
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task A_gateway_attaches_again_every_minute_with_a_tenth_of_jitter()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(1));
        var start = time.GetUtcNow();
        var (gateway, jobs) = await ManyWaitAsync(time);
        time.Advance(TimeSpan.FromSeconds(53));
        await AdvanceUntilAsync(time, () => Attached(jobs) > 0);
        Assert.True(time.GetUtcNow() - start >= TimeSpan.FromSeconds(54));
        await AdvanceUntilAsync(time, () => jobs.All(job => cluster.CallsOf(job, nameof(IJobGrain.Attach)) == 1));
        Assert.Equal(jobs.Length, gateway.Waiters);
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task After_a_silo_has_left_a_gateway_attaches_again_to_all_jobs_spread_over_three_seconds()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(1));
        var (gateway, jobs) = await ManyWaitAsync(time);
        gateway.AttachAllSoon();
        time.Advance(TimeSpan.FromSeconds(1.75));
        await Eventually.TrueAsync(() => Attached(jobs) > 0, "the gateway attaches again");
        Assert.InRange(Attached(jobs), 1, jobs.Length - 1);
        time.Advance(TimeSpan.FromSeconds(1.5));
        await Eventually.TrueAsync(() => Attached(jobs) == jobs.Length, "the gateway has attached to all jobs");
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task A_gateway_attaches_often_while_the_silo_of_the_grain_stops()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        cluster.Executor.IsStopping = true;
        try
        {
            var submitted = gateway.SubmitAndWaitAsync(job);
            await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
            await job.EndBehindTheGrainAsync();
            cluster.Clock.Forward(TimeSpan.FromSeconds(61));
            Reply<JobReply.Finished>(await submitted.WaitAsync(JobTestCluster.Patience));
        }
        finally
        {
            cluster.Executor.IsStopping = false;
        }
    }

    [Fact, Trait(WaitingRules.Trait, "I5")]
    public async Task A_storage_that_recovers_in_time_costs_no_answer()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync(new WaitingOptions { Patience = TimeSpan.FromMinutes(1) });
        job.Storage.NextWrites([.. Enumerable.Repeat(WriteFault.Before, 7)]);
        var submitted = gateway.SubmitAndWaitAsync(job);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        await job.FinishAsync();
        Reply<JobReply.Finished>(await submitted.WaitAsync(JobTestCluster.Patience));
        Assert.Single(job.Executor.Attempts);
    }

    [Fact, Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I5")]
    public async Task A_submit_without_an_answer_is_sent_again_after_its_timeout_and_the_job_runs_once()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        var hangs = new TaskCompletionSource();
        job.Storage.NextWrites(WriteFault.After);
        job.Storage.Gate = hangs.Task;
        job.Executor.Resume = record => Task.FromResult<Resumption>(
            job.Executor.Attempts.Contains(record.Attempt) ? new Resumption.KeepWaiting() : new Resumption.TakeOver());
        var submitted = gateway.SubmitAndWaitAsync(job);
        await Eventually.TrueAsync(() => cluster.CallsOf(job, nameof(IJobGrain.Submit)) > 1, "the gateway has sent the submit again");
        Assert.Empty(job.Executor.Attempts);
        hangs.SetResult();
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        await job.FinishAsync();
        Reply<JobReply.Finished>(await submitted);
        Assert.Single(job.Executor.Attempts);
    }

    [Fact]
    public async Task A_silo_that_takes_no_jobs_is_reported_after_the_patience()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync(new WaitingOptions { Patience = TimeSpan.FromMilliseconds(200) });
        cluster.Executor.NextReservation = Reservation.NotAccepting;
        try
        {
            Reply<JobReply.Unavailable>(await gateway.SubmitAndWaitAsync(job).WaitAsync(JobTestCluster.Patience));
        }
        finally
        {
            cluster.Executor.NextReservation = Reservation.Reserved;
        }

        Assert.Equal(0, gateway.Waiters);
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task A_job_that_an_earlier_try_may_have_stored_is_not_said_to_have_been_refused()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        job.Storage.AllWritesFail = true;
        var submitted = gateway.SubmitAndWaitAsync(job);
        await Eventually.TrueAsync(() => job.Storage.Written > 0, "the gateway has submitted");
        cluster.Executor.NextReservation = Reservation.QueueFull;
        try
        {
            Assert.IsType<WaitResult.Unknown>(await submitted.WaitAsync(JobTestCluster.Patience));
        }
        finally
        {
            cluster.Executor.NextReservation = Reservation.Reserved;
        }
    }

    [Fact]
    public async Task The_patience_with_a_storage_begins_when_it_is_known_to_be_away()
    {
        var job = cluster.NewJob();
        var clock = new ShiftedClock();
        var gateway = await cluster.GatewayAsync(new WaitingOptions { Patience = TimeSpan.FromSeconds(5), Silence = TimeSpan.FromSeconds(30) }, clock);
        await job.FenceElsewhereAsync();
        var calls = 0;
        job.Executor.Resume = _ =>
        {
            switch (++calls)
            {
                case 1:
                    clock.Forward(TimeSpan.FromSeconds(10));
                    throw new TimeoutException("A silo does not answer.");
                case 2:
                    job.Storage.AllReadsFail = true;
                    return Task.FromResult<Resumption>(new Resumption.NotAccepting());
                default:
                    return Task.FromResult<Resumption>(new Resumption.End(TestJob.Failure));
            }
        };
        var waited = gateway.SubmitAndWaitAsync(job);
        await Eventually.TrueAsync(() => job.Storage.AllReadsFail, "storage is away");
        var reads = job.Storage.Reads;
        await Eventually.TrueAsync(() => job.Storage.Reads > reads, "the gateway asks again");
        job.Storage.AllReadsFail = false;
        Reply<JobReply.Finished>(await waited.WaitAsync(JobTestCluster.Patience));
    }

    [Fact]
    public async Task A_storage_that_does_not_recover_is_reported_after_the_patience()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync(new WaitingOptions { Patience = TimeSpan.FromMilliseconds(200) });
        job.Storage.AllWritesFail = true;

        // A write that has failed may be applied yet.
        Assert.IsType<WaitResult.Unknown>(await gateway.SubmitAndWaitAsync(job).WaitAsync(JobTestCluster.Patience));
        Assert.Empty(job.Executor.Attempts);
        Assert.Equal(0, gateway.Waiters);
    }

    [Fact]
    public async Task A_grain_that_always_fails_is_called_three_times()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        await job.FenceElsewhereAsync();
        var calls = 0;
        job.Executor.Resume = _ =>
        {
            Interlocked.Increment(ref calls);
            throw new InvalidOperationException("A bug.");
        };
        Assert.IsType<WaitResult.Unknown>(await gateway.AttachAndWaitAsync(job).WaitAsync(JobTestCluster.Patience));
        Assert.Equal(3, calls);
        Assert.IsType<WaitResult.Unknown>(await gateway.SubmitAndWaitAsync(job).WaitAsync(JobTestCluster.Patience));
        Assert.Equal(0, gateway.Waiters);
    }

    [Fact]
    public async Task A_grain_that_fails_twice_is_called_again()
    {
        var job = cluster.NewJob();
        var gateway = await cluster.GatewayAsync();
        await job.FenceElsewhereAsync();
        var calls = 0;
        job.Executor.Resume = _ => Interlocked.Increment(ref calls) > 2
            ? Task.FromResult<Resumption>(new Resumption.End(TestJob.Failure))
            : throw new InvalidOperationException("A bug.");
        Reply<JobReply.Finished>(await gateway.AttachAndWaitAsync(job).WaitAsync(JobTestCluster.Patience));
    }

    /// <summary>Begins a wait for a job that goes on.</summary>
    private static async Task<JobWait> SubmitAsync(WaiterHub gateway, TestJob job, Deadline deadline)
    {
        // A submit that is sent again pauses by the test's clock, which may stand still.
        var wait = await gateway.SubmitAsync(job.Spec, null, null, new WaitDeadlines(deadline, deadline), CancellationToken.None)
            .WaitAsync(JobTestCluster.Patience);
        Assert.Null(wait.Result);
        return wait;
    }

    /// <summary>A gateway in a time that the test advances, and a hundred jobs that are waited for.</summary>
    private async Task<(WaiterHub Gateway, TestJob[] Jobs)> ManyWaitAsync(FakeTimeProvider time)
    {
        var gateway = await cluster.GatewayAsync(time: time);
        var jobs = Enumerable.Range(0, 100).Select(_ => cluster.NewJob()).ToArray();
        var deadline = new Deadline(time, TimeSpan.FromMinutes(10));
        var submits = Task.WhenAll(
            jobs.Select(job => gateway.SubmitAsync(job.Spec, null, null, new WaitDeadlines(deadline, deadline), CancellationToken.None)));

        // On a busy machine some are sent again, after a pause by this clock.
        await AdvanceUntilAsync(time, () => submits.IsCompleted, TimeSpan.FromMilliseconds(10));
        Assert.All(await submits, wait => Assert.Null(wait.Result));
        return (gateway, jobs);
    }

    private int Attached(TestJob[] jobs) => jobs.Count(job => cluster.CallsOf(job, nameof(IJobGrain.Attach)) > 0);

    private static Task AdvanceUntilAsync(FakeTimeProvider time, Func<bool> condition) =>
        AdvanceUntilAsync(time, condition, TimeSpan.FromMilliseconds(250));

    private static Task AdvanceUntilAsync(FakeTimeProvider time, Func<bool> condition, TimeSpan step) => Eventually.TrueAsync(
        () =>
        {
            var holds = condition();
            if (!holds)
            {
                time.Advance(step);
            }

            return holds;
        },
        "the gateway has come so far");

    /// <summary>How a wait ends if something happens before its last attach that is pushed to no gateway.</summary>
    private async Task<WaitResult> LastAttachAsync(TestJob job, Func<Task> happens)
    {
        var untilTheAttach = TimeSpan.FromSeconds(1.5);
        var time = new ObservedTime(untilTheAttach);
        var gateway = await cluster.GatewayAsync(time: time);
        var submitted = gateway.SubmitAndWaitAsync(job, new Deadline(time, TimeSpan.FromSeconds(2)));
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        await happens();
        await time.IsWaitedFor.WaitAsync(JobTestCluster.Patience);
        Assert.False(submitted.IsCompleted);

        time.Advance(untilTheAttach);
        return await submitted.WaitAsync(JobTestCluster.Patience);
    }

    /// <summary>Time that passes as the test says, and that says when a timer for a certain span is started.</summary>
    /// <remarks>It is ahead of the grains' time: they refuse a submit that is too late.</remarks>
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
