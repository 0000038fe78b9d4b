using Microsoft.Extensions.Time.Testing;

namespace SyncCluster.Grains.Tests;

/// <summary>Calls that are repeated until they are answered. Off xunit's synchronization context, an advance of the time runs what waits for it.</summary>
public sealed class RetryPipelineTests
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly List<(Exception Fault, string Subject)> _log = [];
    private readonly RetryPipeline _retries;

    public RetryPipelineTests() => _retries = new(
        new RetryPolicy(Pause, Pause) { Jitter = 0 }, _time, (fault, subject) => _log.Add((fault, subject)));

    [Fact]
    public async Task An_answer_is_returned_at_once()
    {
        Assert.Equal(7, await _retries.ExecuteAsync("a", () => Task.FromResult(7), _ => true, CancellationToken.None));
        Assert.Empty(_log);
    }

    [Fact]
    public Task A_call_is_repeated_after_a_pause_until_it_is_answered_and_each_failure_is_logged() => Task.Run(async () =>
    {
        var attempts = 0;
        var result = _retries.ExecuteAsync(
            "job 1",
            () => ++attempts switch
            {
                1 => throw new TimeoutException(),
                2 => Task.FromException<int>(new OperationCanceledException()),
                3 => Task.FromResult(0),
                _ => Task.FromResult(attempts),
            },
            answer => answer != 0,
            CancellationToken.None);
        Assert.Equal(1, attempts);
        _time.Advance(Pause - TimeSpan.FromTicks(1));
        Assert.Equal(1, attempts);
        _time.Advance(TimeSpan.FromTicks(1));
        _time.Advance(Pause);
        Assert.Equal(3, attempts);
        Assert.False(result.IsCompleted);
        _time.Advance(Pause);
        Assert.Equal(4, await result);
        Assert.Equal(
            [(typeof(TimeoutException), "job 1"), (typeof(OperationCanceledException), "job 1")],
            _log.Select(entry => (entry.Fault.GetType(), entry.Subject)));
    });

    [Fact]
    public Task A_call_is_repeated_for_as_long_as_it_takes() => Task.Run(async () =>
    {
        var attempts = 0;
        var result = _retries.ExecuteAsync("a", () => Task.FromResult(++attempts), answer => answer > 10_000, CancellationToken.None);
        while (attempts <= 10_000)
        {
            _time.Advance(Pause);
        }

        Assert.Equal(10_001, await result);
    });

    [Fact]
    public async Task Cancellation_ends_a_pause()
    {
        using var cancellation = new CancellationTokenSource();
        var result = _retries.ExecuteAsync("a", () => Task.FromResult(0), _ => false, cancellation.Token);
        Assert.False(result.IsCompleted);
        await cancellation.CancelAsync();
        Assert.Equal(cancellation.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => result)).CancellationToken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_attempt_that_fails_or_has_no_answer_after_cancellation_is_a_cancellation(bool fails)
    {
        using var cancellation = new CancellationTokenSource();
        var attempt = new TaskCompletionSource<int>();
        var result = _retries.ExecuteAsync("a", () => attempt.Task, _ => false, cancellation.Token);
        await cancellation.CancelAsync();
        Assert.False(result.IsCompleted);
        if (fails)
        {
            attempt.SetException(new TimeoutException());
        }
        else
        {
            attempt.SetResult(0);
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => result);
        Assert.Equal(fails ? 1 : 0, _log.Count);
    }

    [Fact]
    public async Task An_answer_that_comes_after_cancellation_counts()
    {
        using var cancellation = new CancellationTokenSource();
        var attempt = new TaskCompletionSource<int>();
        var result = _retries.ExecuteAsync("a", () => attempt.Task, _ => true, cancellation.Token);
        await cancellation.CancelAsync();
        attempt.SetResult(7);
        Assert.Equal(7, await result);
    }

    [Fact]
    public async Task One_attempt_is_made_for_a_token_that_was_canceled_before()
    {
        var canceled = new CancellationToken(canceled: true);
        Assert.Equal(7, await _retries.ExecuteAsync("a", () => Task.FromResult(7), _ => true, canceled));
        var attempts = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _retries.ExecuteAsync("a", () => Task.FromResult(++attempts), _ => false, canceled));
        Assert.Equal(1, attempts);
    }

    [Fact]
    public Task A_limit_says_whether_there_was_an_answer_within_it() => Task.Run(async () =>
    {
        var answers = new Queue<int>([0, 0, 7]);
        var answered = _retries.ExecuteAsync("a", () => Task.FromResult(answers.Dequeue()), answer => answer != 0, Pause * 2.5);
        _time.Advance(Pause);
        _time.Advance(Pause);
        Assert.Equal((true, 7), await answered);

        var unanswered = _retries.ExecuteAsync("a", () => Task.FromResult(0), _ => false, Pause * 2.5);
        _time.Advance(Pause);
        _time.Advance(Pause);
        Assert.False(unanswered.IsCompleted);
        _time.Advance(Pause / 2);
        Assert.Equal((false, 0), await unanswered);
        Assert.Equal((true, 7), await _retries.ExecuteAsync("a", () => Task.FromResult(7), _ => true, TimeSpan.Zero));
    });
}
