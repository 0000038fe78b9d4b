using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Jobs;

namespace SyncCluster.Grains.Tests.Jobs;

public sealed class CompletionPublisherTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly Gateway _gateway = new();
    private readonly Relay _relay = new();
    private readonly CompletionPublisher _pushes;

    public CompletionPublisherTests() => _pushes = new(_relay, _time, NullLogger<CompletionPublisher>.Instance);

    [Fact]
    public async Task What_ends_while_a_message_is_under_way_goes_with_the_next()
    {
        var first = Push("1");
        Task[] others = [Push("2"), Push("3")];
        Assert.Equal("1", Assert.Single(_gateway.Messages).Jobs);

        _gateway.Messages[0].Heard.SetResult();
        await first.WaitAsync(Limit);
        var next = await _gateway.MessageAsync(1);
        Assert.Equal("2 3", next.Jobs);
        Assert.DoesNotContain(others, told => told.IsCompleted);

        next.Heard.SetResult();
        await Task.WhenAll(others).WaitAsync(Limit);
    }

    [Fact]
    public async Task One_gateway_does_not_wait_for_another()
    {
        var other = new Gateway();
        _ = Push("1");
        var told = _pushes.PublishAsync(other, Job("2"));
        other.Messages[0].Heard.SetResult();

        await told.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_message_that_hangs_keeps_no_others()
    {
        var first = Push("1");
        var second = Push("2");
        _time.Advance(TimeSpan.FromSeconds(1));

        (await _gateway.MessageAsync(1)).Heard.SetResult();
        await second.WaitAsync(Limit);
        Assert.False(first.IsCompleted);

        _gateway.Messages[0].Heard.SetResult();
        await first.WaitAsync(Limit);
    }

    [Fact]
    public async Task What_a_gateway_fails_at_together_it_is_told_one_by_one()
    {
        _ = Push("1");
        Task[] others = [Push("2"), Push("3")];
        _gateway.Messages[0].Heard.SetResult();
        (await _gateway.MessageAsync(1)).Heard.SetException(new NotSupportedException());

        await AdvanceUntilAsync(() => _gateway.Messages.Count == 4);
        Assert.Equal(["2", "3"], _gateway.Messages.Skip(2).Select(message => message.Jobs).Order());
        _gateway.Messages[2].Heard.SetResult();
        _gateway.Messages[3].Heard.SetResult();
        await Task.WhenAll(others).WaitAsync(Limit);
    }

    [Fact]
    public async Task Who_does_not_hear_three_times_is_told_no_more()
    {
        var told = Push("1");
        for (var tries = 1; tries <= 3; tries++)
        {
            await AdvanceUntilAsync(() => _gateway.Messages.Count == tries);
            _gateway.Messages[tries - 1].Heard.SetException(new TimeoutException());
        }

        await told.WaitAsync(Limit);
        Assert.Equal(3, _gateway.Messages.Count);
    }

    [Fact]
    public async Task A_message_has_only_so_many_jobs()
    {
        _ = Push("first");
        Task[] others = [.. Enumerable.Range(0, 300).Select(number => Push($"{number}"))];
        _gateway.Messages[0].Heard.SetResult();
        for (var message = 1; message <= 3; message++)
        {
            (await _gateway.MessageAsync(message)).Heard.SetResult();
        }

        await Task.WhenAll(others).WaitAsync(Limit);
        Assert.Equal(300, _gateway.Messages.Skip(1).Sum(message => message.Jobs.Split(' ').Length));
    }

    [Fact]
    public async Task A_silo_that_stops_tells_gateways_by_way_of_another()
    {
        _relay.Other = new OtherSilo();
        var told = Push("1");
        Assert.Equal("by way of another: 1", _gateway.Messages[0].Jobs);

        _gateway.Messages[0].Heard.SetResult();
        await told.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_silo_that_stops_waits_until_all_are_told()
    {
        var told = Push("1");
        var allTold = _pushes.DrainAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(allTold.IsCompleted);

        _gateway.Messages[0].Heard.SetResult();
        await told.WaitAsync(Limit);
        await AdvanceUntilAsync(() => allTold.IsCompleted);
    }

    [Fact]
    public async Task A_silo_that_stops_does_not_wait_for_long_for_who_does_not_hear()
    {
        var told = Push("1");
        var start = _time.GetTimestamp();
        var allTold = _pushes.DrainAsync(CancellationToken.None);
        await AdvanceUntilAsync(() => allTold.IsCompleted);

        Assert.False(told.IsCompleted);
        Assert.InRange(_time.GetElapsedTime(start), TimeSpan.FromSeconds(5), TimeSpan.MaxValue);
    }

    [Fact]
    public async Task With_nothing_to_tell_nobody_waits() => await _pushes.DrainAsync(CancellationToken.None).WaitAsync(Limit);

    private static FinishedJob Job(string key) => new(key, Lifecycle.Finished, JobState.Success, [], new JobAccess([], true, null));

    private Task Push(string key) => _pushes.PublishAsync(_gateway, Job(key));

    private async Task AdvanceUntilAsync(Func<bool> condition)
    {
        var patience = new CancellationTokenSource(Limit);
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
    }

    private sealed class Gateway : IJobObserver
    {
        private readonly ConcurrentQueue<Message> _messages = new();
        private readonly SemaphoreSlim _arrived = new(0);

        public IReadOnlyList<Message> Messages => [.. _messages];

        public async Task<Message> MessageAsync(int number)
        {
            while (_messages.Count <= number)
            {
                Assert.True(await _arrived.WaitAsync(Limit));
            }

            return Messages[number];
        }

        public Task Completed(FinishedJob job) => Take(job.Key);

        public Task AllCompleted(FinishedJob[] jobs) => Take(string.Join(' ', jobs.Select(job => job.Key)));

        public Task Moved(string key) => Task.CompletedTask;

        private Task Take(string jobs)
        {
            var message = new Message(jobs, new());
            _messages.Enqueue(message);
            _arrived.Release();
            return message.Heard.Task;
        }
    }

    private sealed class Relay() : CompletionRelay(null!, null!, null!)
    {
        public ICompletionRelayGrain? Other { get; set; }

        public override ICompletionRelayGrain? Find() => Other;
    }

    private sealed class OtherSilo : ICompletionRelayGrain
    {
        public Task AllCompleted(IJobObserver gateway, FinishedJob[] jobs) =>
            gateway.AllCompleted([.. jobs.Select(job => job with { Key = $"by way of another: {job.Key}" })]);
    }

    private sealed record Message(string Jobs, TaskCompletionSource Heard);
}
