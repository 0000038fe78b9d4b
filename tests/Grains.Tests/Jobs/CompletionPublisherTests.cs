using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Harness;
using SyncCluster.Harness.Telemetry;
using SyncCluster.Jobs;

namespace SyncCluster.Grains.Tests.Jobs;

public sealed class CompletionPublisherTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly Gateway _gateway = new();
    private readonly Relay _relay = new();
    private readonly CompletionPublisher _publisher;

    public CompletionPublisherTests() => _publisher = new(_relay, TestMetrics.New(), _time, NullLogger<CompletionPublisher>.Instance);

    [Fact]
    public async Task Completions_that_arrive_while_a_message_is_in_flight_are_sent_in_the_next_one()
    {
        var first = Publish("1");
        Task[] others = [Publish("2"), Publish("3")];
        Assert.Equal("1", Assert.Single(_gateway.Messages).Jobs);

        _gateway.Messages[0].Acknowledged.SetResult();
        await first.WaitAsync(Limit);
        var next = await _gateway.MessageAsync(1);
        Assert.Equal("2 3", next.Jobs);
        Assert.DoesNotContain(others, published => published.IsCompleted);

        next.Acknowledged.SetResult();
        await Task.WhenAll(others).WaitAsync(Limit);
    }

    [Fact]
    public async Task A_slow_gateway_does_not_delay_another()
    {
        var other = new Gateway();
        _ = Publish("1");
        var published = _publisher.PublishAsync(other, Job("2"));
        other.Messages[0].Acknowledged.SetResult();

        await published.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_message_that_hangs_does_not_delay_the_next_one()
    {
        var first = Publish("1");
        var second = Publish("2");
        _time.Advance(TimeSpan.FromSeconds(1));

        (await _gateway.MessageAsync(1)).Acknowledged.SetResult();
        await second.WaitAsync(Limit);
        Assert.False(first.IsCompleted);

        _gateway.Messages[0].Acknowledged.SetResult();
        await first.WaitAsync(Limit);
    }

    [Fact]
    public async Task Messages_do_not_wait_for_a_turn_of_the_grain_that_has_sent_the_first()
    {
        var grain = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        await Task.Factory.StartNew(() => { _ = Publish("1"); }, CancellationToken.None, TaskCreationOptions.None, grain);
        var second = Publish("2");
        using var turn = new ManualResetEventSlim();
        var busy = Task.Factory.StartNew(turn.Wait, CancellationToken.None, TaskCreationOptions.LongRunning, grain);
        try
        {
            _gateway.Messages[0].Acknowledged.SetResult();

            (await _gateway.MessageAsync(1)).Acknowledged.SetResult();
            await second.WaitAsync(Limit);
        }
        finally
        {
            turn.Set();
            await busy;
        }
    }

    [Fact]
    public async Task If_a_gateway_fails_at_a_message_its_jobs_are_sent_one_by_one()
    {
        _ = Publish("1");
        Task[] others = [Publish("2"), Publish("3")];
        _gateway.Messages[0].Acknowledged.SetResult();
        (await _gateway.MessageAsync(1)).Acknowledged.SetException(new NotSupportedException());

        await AdvanceUntilAsync(() => _gateway.Messages.Count == 4);
        Assert.Equal(["2", "3"], _gateway.Messages.Skip(2).Select(message => message.Jobs).Order());
        _gateway.Messages[2].Acknowledged.SetResult();
        _gateway.Messages[3].Acknowledged.SetResult();
        await Task.WhenAll(others).WaitAsync(Limit);
    }

    [Fact]
    public async Task After_three_failed_tries_a_completion_is_not_sent_again()
    {
        var published = Publish("1");
        for (var tries = 1; tries <= 3; tries++)
        {
            await AdvanceUntilAsync(() => _gateway.Messages.Count == tries);
            _gateway.Messages[tries - 1].Acknowledged.SetException(new TimeoutException());
        }

        await published.WaitAsync(Limit);
        Assert.Equal(3, _gateway.Messages.Count);
    }

    [Fact]
    public async Task A_message_has_at_most_128_jobs()
    {
        _ = Publish("first");
        Task[] others = [.. Enumerable.Range(0, 300).Select(number => Publish($"{number}"))];
        _gateway.Messages[0].Acknowledged.SetResult();
        for (var message = 1; message <= 3; message++)
        {
            (await _gateway.MessageAsync(message)).Acknowledged.SetResult();
        }

        await Task.WhenAll(others).WaitAsync(Limit);
        Assert.Equal(300, _gateway.Messages.Skip(1).Sum(message => message.Jobs.Split(' ').Length));
    }

    [Fact]
    public async Task A_silo_that_stops_sends_completions_through_another_silo()
    {
        _relay.Other = new OtherSilo();
        var published = Publish("1");
        Assert.Equal("relayed: 1", _gateway.Messages[0].Jobs);

        _gateway.Messages[0].Acknowledged.SetResult();
        await published.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_silo_that_stops_waits_until_all_completions_are_acknowledged()
    {
        var published = Publish("1");
        var drained = _publisher.DrainAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(drained.IsCompleted);

        _gateway.Messages[0].Acknowledged.SetResult();
        await published.WaitAsync(Limit);
        await AdvanceUntilAsync(() => drained.IsCompleted);
    }

    [Fact]
    public async Task A_silo_that_stops_waits_at_most_5_seconds_for_a_gateway_that_does_not_answer()
    {
        var published = Publish("1");
        var start = _time.GetTimestamp();
        var drained = _publisher.DrainAsync(CancellationToken.None);
        await AdvanceUntilAsync(() => drained.IsCompleted);

        Assert.False(published.IsCompleted);
        Assert.InRange(_time.GetElapsedTime(start), TimeSpan.FromSeconds(5), TimeSpan.MaxValue);
    }

    [Fact]
    public async Task A_silo_without_pending_completions_does_not_wait() => await _publisher.DrainAsync(CancellationToken.None).WaitAsync(Limit);

    [Fact]
    public async Task The_jobs_of_one_message_have_spans_of_their_own_traces_and_the_message_is_a_part_of_none()
    {
        using var spans = new RecordedSpans();
        var traces = new List<ActivityContext>();
        foreach (var job in (string[])["1", "2", "3"])
        {
            using var end = spans.Start("end job");
            traces.Add(end.Context);
            _ = Publish(job);
        }

        _gateway.Messages[0].Acknowledged.SetResult();
        var batch = await _gateway.MessageAsync(1);
        Assert.Equal("2 3", batch.Jobs);
        batch.Acknowledged.SetResult();
        await Eventually.TrueAsync(() => spans.Ended("push completion").Count == 3, "three jobs are pushed");

        Assert.Equal(
            traces.Select(trace => (trace.TraceId, trace.SpanId)).ToHashSet(),
            spans.Ended("push completion").Select(push => (push.TraceId, push.ParentSpanId)).ToHashSet());
        Assert.All(_gateway.Messages, message => Assert.Null(message.Current));
    }

    private static FinishedJob Job(string key) => new(key, Lifecycle.Finished, JobState.Success, [], new JobAccess([], true, null));

    private Task Publish(string key) => _publisher.PublishAsync(_gateway, Job(key));

    private async Task AdvanceUntilAsync(Func<bool> condition)
    {
        var timeout = new CancellationTokenSource(Limit);
        while (!condition())
        {
            timeout.Token.ThrowIfCancellationRequested();
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

        public Task Completed(FinishedJob job) => Receive(job.Key);

        public Task AllCompleted(FinishedJob[] jobs) => Receive(string.Join(' ', jobs.Select(job => job.Key)));

        public Task Moved(string key) => Task.CompletedTask;

        private Task Receive(string jobs)
        {
            var message = new Message(jobs, new(), Activity.Current);
            _messages.Enqueue(message);
            _arrived.Release();
            return message.Acknowledged.Task;
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
            gateway.AllCompleted([.. jobs.Select(job => job with { Key = $"relayed: {job.Key}" })]);
    }

    private sealed record Message(string Jobs, TaskCompletionSource Acknowledged, Activity? Current);
}
