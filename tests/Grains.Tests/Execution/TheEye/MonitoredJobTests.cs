using Microsoft.Extensions.Time.Testing;
using SyncCluster.Execution;
using SyncCluster.Execution.TheEye;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Execution.TheEye;

/// <summary>When a job is looked at, and when it may be released anew.</summary>
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
    public void It_is_looked_at_when_it_was_planned_and_not_before_and_once()
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
    public void It_is_looked_at_sooner_while_nothing_can_be_heard_of_it()
    {
        _job.CheckAfter(Pause);
        _time.Advance(TimeSpan.FromSeconds(2) - Moment);
        Assert.False(_job.IsDue(_time.GetTimestamp(), TimeSpan.FromSeconds(2)));
        _time.Advance(Moment);
        Assert.False(_job.IsDue(_time.GetTimestamp(), null));
        Assert.True(_job.IsDue(_time.GetTimestamp(), TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public void What_is_not_planned_is_not_due() => Assert.False(_job.IsDue(_time.GetTimestamp(), TimeSpan.Zero));

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
    public void One_of_which_an_end_was_published_is_looked_at_soon_again_and_less_and_less_often()
    {
        _job.ObserveRunning(endAnnounced: false, Pause);
        Assert.Equal(Pause, PauseTillDue());
        _job.ObserveRunning(endAnnounced: true, Pause);
        Assert.Equal(TimeSpan.FromMilliseconds(100), PauseTillDue());
        _job.ObserveRunning(endAnnounced: false, Pause);
        Assert.InRange(PauseTillDue(), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public void It_may_be_released_anew_after_two_reads_further_apart_than_a_release_may_be_under_way()
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
    public void A_read_between_that_shows_it_released_begins_the_count_anew()
    {
        Release(Mine, mayHaveArrived: true);
        Read(Mine);
        _time.Advance(SettleTime * 2);
        _job.ObserveRunning(endAnnounced: false, Pause);
        Assert.Equal(SettleTime, Read(Mine));
        Assert.False(_job.Observe(Mine, _tokens));
    }

    [Fact]
    public void While_its_release_is_sent_nothing_is_concluded()
    {
        _job.BeginRelease(new Release(Spec(), Mine, _time.GetTimestamp(), _tokens));
        Read(Mine);
        _time.Advance(SettleTime * 2);
        Assert.NotNull(Read(Mine));
        _job.EndRelease(Mine, mayHaveArrived: true);
        Assert.Equal(SettleTime, Read(Mine));
    }

    [Fact]
    public void One_whose_release_was_provably_not_sent_may_be_released_anew_at_once()
    {
        Release(Mine, mayHaveArrived: false);
        Assert.True(_job.Observe(Mine, _tokens));
        Assert.Null(Read(Mine));
    }

    [Fact]
    public void Another_attempt_begins_the_count_anew()
    {
        Release(Mine, mayHaveArrived: false);
        Assert.False(_job.Observe(Another, _tokens));
        Read(Another);
        _time.Advance(SettleTime + Moment);
        Assert.False(_job.Observe(Mine, _tokens));
        Assert.Equal(SettleTime, Read(Mine));
    }

    [Fact]
    public void A_read_that_was_begun_under_another_attempt_says_nothing()
    {
        _job.Observe(Mine, _tokens);
        Read(Mine);
        _time.Advance(SettleTime + Moment);
        Assert.NotNull(Read(Another));
        Assert.False(_job.Observe(Mine, _tokens));
    }

    [Fact]
    public void What_came_of_an_older_release_says_nothing_of_a_newer_one()
    {
        Release(Mine, mayHaveArrived: false);
        _job.BeginRelease(new Release(Spec(), Another, _time.GetTimestamp(), _tokens));
        _job.EndRelease(Mine, mayHaveArrived: false);
        Assert.False(_job.Observe(Another, _tokens));
    }

    [Fact]
    public async Task Each_release_is_given_once_and_wakes_the_watch()
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
    public void The_newest_4_tokens_are_kept_and_none_takes_none_away()
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
    public void The_tokens_of_former_callers_serve_until_another_one_comes_to_the_new_activation()
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
    public void It_knows_for_how_long_nobody_has_asked_for_it()
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
