using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Harness;

namespace SyncCluster.Grains.Tests;

public sealed class RequestCoalescerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private readonly FakeTimeProvider _time = new();
    private readonly List<TaskCompletionSource<int>> _begun = [];
    private readonly RequestCoalescer<string, int> _reads;

    public RequestCoalescerTests() => _reads = new(
        _ =>
        {
            var read = new TaskCompletionSource<int>();
            lock (_begun)
            {
                _begun.Add(read);
            }

            return read.Task;
        },
        Patience,
        _time);

    [Fact]
    public async Task No_request_gets_what_was_read_before_it()
    {
        var first = _reads.ReadAsync("task");
        var second = _reads.ReadAsync("task");
        var third = _reads.ReadAsync("task");
        var only = Assert.Single(_begun);

        only.SetResult(1);
        Assert.Equal(1, await first);
        Assert.False(second.IsCompleted);

        var next = await BegunAsync(1);
        Assert.Equal(2, _begun.Count);
        var fourth = _reads.ReadAsync("task");
        next.SetResult(2);
        Assert.Equal((int[])[2, 2], await Task.WhenAll(second, third));
        Assert.False(fourth.IsCompleted);

        (await BegunAsync(2)).SetResult(3);
        Assert.Equal(3, await fourth);
    }

    [Fact]
    public async Task A_shared_read_is_a_part_of_no_requests_trace()
    {
        var seen = new List<Activity?>();
        var reads = new RequestCoalescer<string, int>(
            async _ =>
            {
                seen.Add(Activity.Current);
                await Task.Yield();
                seen.Add(Activity.Current);
                return 1;
            },
            Patience,
            _time);
        using var request = new Activity("request").Start();
        await reads.ReadAsync("task");

        Assert.Equal([null, null], seen);
        Assert.Same(request, Activity.Current);
    }

    [Fact]
    public async Task A_read_after_the_last_one_has_ended_starts_at_once()
    {
        var first = _reads.ReadAsync("task");
        _begun[0].SetResult(1);
        Assert.Equal(1, await first);

        var second = _reads.ReadAsync("task");
        _begun[1].SetResult(2);
        Assert.Equal(2, await second);
    }

    [Fact]
    public async Task Each_key_is_read_by_itself()
    {
        var one = _reads.ReadAsync("one");
        var other = _reads.ReadAsync("other");
        _begun[0].SetResult(1);
        _begun[1].SetResult(2);

        Assert.Equal((int[])[1, 2], await Task.WhenAll(one, other));
    }

    [Fact]
    public async Task A_read_that_fails_fails_only_the_requests_that_waited_for_it()
    {
        var first = _reads.ReadAsync("task");
        var second = _reads.ReadAsync("task");
        _begun[0].SetException(new TimeoutException());
        await Assert.ThrowsAsync<TimeoutException>(() => first);

        (await BegunAsync(1)).SetResult(2);
        Assert.Equal(2, await second);
    }

    [Fact]
    public async Task A_read_that_hangs_does_not_delay_later_requests()
    {
        var first = _reads.ReadAsync("task");
        var second = _reads.ReadAsync("task");
        _time.Advance(Patience * 2);
        var third = _reads.ReadAsync("task");

        Assert.Equal(2, _begun.Count);
        _begun[1].SetResult(2);
        Assert.Equal((int[])[2, 2], await Task.WhenAll(second, third));

        _begun[0].SetResult(1);
        Assert.Equal(1, await first);
        Assert.Equal(2, _begun.Count);
    }

    [Fact]
    public async Task A_request_that_is_alone_continues_on_the_thread_that_has_the_answer()
    {
        var continued = ContinueAsync(_reads.ReadAsync("task"));

        Assert.Equal(AnswerOnAnotherThread(0), await continued);
    }

    [Fact]
    public async Task Requests_that_share_a_read_and_one_whose_successors_wait_continue_on_other_threads()
    {
        var first = ContinueAsync(_reads.ReadAsync("task"));
        var second = ContinueAsync(_reads.ReadAsync("task"));
        var third = ContinueAsync(_reads.ReadAsync("task"));

        Assert.NotEqual(AnswerOnAnotherThread(0), await first);
        var reader = AnswerOnAnotherThread(1);
        Assert.NotEqual(reader, await second);
        Assert.NotEqual(reader, await third);
    }

    /// <returns>The thread on which a request goes on.</returns>
    private static async Task<Thread> ContinueAsync(Task<int> read)
    {
        await read.ConfigureAwait(false);
        return Thread.CurrentThread;
    }

    /// <summary>A read, as soon as it has begun: the requests before it may have their answer a moment earlier.</summary>
    private async Task<TaskCompletionSource<int>> BegunAsync(int read)
    {
        await Eventually.TrueAsync(
            () =>
            {
                lock (_begun)
                {
                    return _begun.Count > read;
                }
            },
            "the read has begun");
        return _begun[read];
    }

    private Thread AnswerOnAnotherThread(int read)
    {
        var thread = new Thread(() => _begun[read].SetResult(read));
        thread.Start();
        thread.Join();
        return thread;
    }
}
