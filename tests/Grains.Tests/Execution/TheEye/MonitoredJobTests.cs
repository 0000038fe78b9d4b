using Microsoft.Extensions.Time.Testing;
using SyncCluster.Execution;
using SyncCluster.Execution.TheEye;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Execution.TheEye;

/// <summary>When a job is checked, and when it may be released again.</summary>
public sealed class MonitoredJobTests
{
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);
    private static readonly Guid Mine = Guid.NewGuid();
    private static readonly Guid Another = Guid.NewGuid();

    private readonly FakeTimeProvider _time = new();
    private readonly CallerTokens _tokens = new();
    private readonly MonitoredJob _job;

    public MonitoredJobTests() => _job = new(Spec(), _time);

    [Fact]
    public void A_planned_check_is_due_once_and_not_early()
    {
        _job.CheckAfter(Pause);
        Assert.False(_job.IsDue(_time.GetTimestamp(), null));
        _time.Advance(Pause - Moment);
        Assert.False(_job.IsDue(_time.GetTimestamp(), null));
        _time.Advance(Moment);
        Assert.True(_job.IsDue(_time.GetTimestamp(), null));
        Assert.False(_job.IsDue(_time.GetTimestamp(), null));
    }

    [Fact]
    public void A_planned_check_is_due_earlier_while_Redis_can_not_be_listened_to()
    {
        _job.CheckAfter(Pause);
        _time.Advance(TimeSpan.FromSeconds(2) - Moment);
        Assert.False(_job.IsDue(_time.GetTimestamp(), TimeSpan.FromSeconds(2)));
        _time.Advance(Moment);
        Assert.False(_job.IsDue(_time.GetTimestamp(), null));
        Assert.True(_job.IsDue(_time.GetTimestamp(), TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public void Without_a_plan_no_check_is_due() => Assert.False(_job.IsDue(_time.GetTimestamp(), TimeSpan.Zero));

    [Fact]
    public void After_failures_the_pauses_grow_to_5_seconds()
    {
        var pauses = Enumerable.Range(0, 9).Select(_ =>
        {
            _job.CheckSoon();
            return PauseTillDue();
        }).ToArray();
        Assert.All(
            pauses.Zip([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5]), pause => Assert.InRange(pause.First.TotalSeconds, pause.Second / 2, pause.Second));
    }

    [Fact]
    public void After_the_announced_end_the_checks_come_soon_and_then_less_often()
    {
        _job.ObserveRunning(endAnnounced: false, Pause);
        Assert.Equal(Pause, PauseTillDue());
        _job.ObserveRunning(endAnnounced: true, Pause);
        Assert.Equal(TimeSpan.FromMilliseconds(100), PauseTillDue());
        _job.ObserveRunning(endAnnounced: false, Pause);
        Assert.InRange(PauseTillDue(), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public void A_job_may_be_released_again_after_two_reads_that_are_further_apart_than_a_release_may_be_under_way()
    {
        Release(Mine, mayHaveArrived: true);
        Assert.Equal(SettleTime, Read(Mine));
        _time.Advance(SettleTime);
        Assert.Equal(TimeSpan.Zero, Read(Mine));
        _time.Advance(Moment);
        Assert.Null(Read(Mine));
        Assert.True(_job.Observe(Mine, _tokens));
    }

    [Fact]
    public void A_read_that_shows_the_job_released_restarts_the_settle_time()
    {
        Release(Mine, mayHaveArrived: true);
        Read(Mine);
        _time.Advance(SettleTime * 2);
        _job.ObserveRunning(endAnnounced: false, Pause);
        Assert.Equal(SettleTime, Read(Mine));
        Assert.False(_job.Observe(Mine, _tokens));
    }

    [Fact]
    public void While_a_release_is_sent_reads_prove_nothing()
    {
        _job.BeginRelease(new Release(Spec(), Mine, _time.GetTimestamp(), _tokens));
        Read(Mine);
        _time.Advance(SettleTime * 2);
        Assert.NotNull(Read(Mine));
        _job.EndRelease(Mine, mayHaveArrived: true);
        Assert.Equal(SettleTime, Read(Mine));
    }

    [Fact]
    public void A_job_whose_release_was_provably_not_sent_may_be_released_again_at_once()
    {
        Release(Mine, mayHaveArrived: false);
        Assert.True(_job.Observe(Mine, _tokens));
        Assert.Null(Read(Mine));
    }

    [Fact]
    public void Another_attempt_restarts_the_settle_time()
    {
        Release(Mine, mayHaveArrived: false);
        Assert.False(_job.Observe(Another, _tokens));
        Read(Another);
        _time.Advance(SettleTime + Moment);
        Assert.False(_job.Observe(Mine, _tokens));
        Assert.Equal(SettleTime, Read(Mine));
    }

    [Fact]
    public void A_read_that_was_begun_under_another_attempt_proves_nothing()
    {
        _job.Observe(Mine, _tokens);
        Read(Mine);
        _time.Advance(SettleTime + Moment);
        Assert.NotNull(Read(Another));
        Assert.False(_job.Observe(Mine, _tokens));
    }

    [Fact]
    public void What_another_silo_has_found_out_about_the_release_counts_at_once()
    {
        Assert.False(_job.Observe(Mine, _tokens));
        _job.ObserveNotReleased(Mine);
        Assert.True(_job.Observe(Mine, _tokens));
        Assert.False(_job.Observe(Another, _tokens));
    }

    [Fact]
    public void What_another_silo_has_found_out_does_not_count_while_this_silo_releases_the_job()
    {
        _job.BeginRelease(new Release(Spec(), Mine, _time.GetTimestamp(), _tokens));
        _job.ObserveNotReleased(Mine);
        Assert.False(_job.Observe(Mine, _tokens));
        Assert.NotNull(Read(Mine));
    }

    [Fact]
    public void The_end_of_an_older_release_does_not_affect_a_newer_one()
    {
        Release(Mine, mayHaveArrived: false);
        _job.BeginRelease(new Release(Spec(), Another, _time.GetTimestamp(), _tokens));
        _job.EndRelease(Mine, mayHaveArrived: false);
        Assert.False(_job.Observe(Another, _tokens));
    }

    [Fact]
    public async Task Each_release_is_returned_once_and_wakes_the_loop()
    {
        _job.BeginRelease(new Release(Spec(), Mine, 1, _tokens));
        Assert.Equal(WakeReasons.Release, await _job.WaitAsync(default));
        Assert.Equal(Mine, _job.TakeRelease()!.Value.Attempt);
        Assert.Null(_job.TakeRelease());
        _job.Wake(WakeReasons.Check);
        _job.Wake(WakeReasons.EndAnnounced);
        Assert.Equal(WakeReasons.Check | WakeReasons.EndAnnounced, await _job.WaitAsync(default));
        using var stop = new CancellationTokenSource();
        var next = _job.WaitAsync(stop.Token);
        Assert.False(next.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public void The_newest_4_tokens_are_kept_and_a_caller_without_a_token_removes_none()
    {
        _job.Observe(Mine, _tokens);
        Assert.Empty(_job.Tokens);
        foreach (var token in (string?[])["a", null, "b", "a", "a", "c", "d", "e"])
        {
            _tokens.Offer(token);
        }

        Assert.Equal(["e", "d", "c", "a"], _job.Tokens);
    }

    [Fact]
    public void The_tokens_of_former_callers_are_used_until_a_new_activation_has_a_caller()
    {
        _tokens.Offer("a");
        _job.Observe(Mine, _tokens);
        _job.Observe(Mine, new());
        _job.Observe(Mine, new());
        Assert.Equal(["a"], _job.Tokens);
        var newer = new CallerTokens();
        _job.BeginRelease(new Release(Spec(), Another, 1, newer));
        Assert.Equal(["a"], _job.Tokens);
        newer.Offer("b");
        Assert.Equal(["b"], _job.Tokens);
    }

    [Fact]
    public void The_idle_time_starts_again_with_each_request()
    {
        _time.Advance(Pause);
        Assert.Equal(Pause, _job.IdleTime);
        _job.Observe(Mine, _tokens);
        Assert.Equal(TimeSpan.Zero, _job.IdleTime);
    }

    private void Release(Guid attempt, bool mayHaveArrived)
    {
        _job.BeginRelease(new Release(Spec(), attempt, _time.GetTimestamp(), _tokens));
        _job.EndRelease(attempt, mayHaveArrived);
    }

    private TimeSpan? Read(Guid attempt) => _job.ObserveUnreleased(attempt, _time.GetTimestamp(), SettleTime);

    private TimeSpan PauseTillDue()
    {
        var begun = _time.GetTimestamp();
        while (!_job.IsDue(_time.GetTimestamp(), null))
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        return _time.GetElapsedTime(begun);
    }

    private static JobSpec Spec() => new()
    {
        JobId = "eb0166d31d0c56015d131f8f",
        Customer = "acme",
        TaskId = "",
        TaskName = "",
        Type = TaskType.Script,
        Arguments = [],
        User = new JobUser("uma", ""),
        Origin = JobOrigin.AllocatedAtTheEye,
    };
}
