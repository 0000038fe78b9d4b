using SyncCluster.Execution.Local;
using SyncCluster.Grains.Tests.Jobs;

namespace SyncCluster.Grains.Tests.Execution.Local;

public sealed class FairJobSchedulerTests
{
    private readonly ManualClock _clock = new();
    private readonly List<Task<QueuedJob?>> _free = [];
    private readonly FairJobScheduler _queue;

    public FairJobSchedulerTests() => _queue = new FairJobScheduler(workers: 8, reserved: 1, _clock);

    [Fact]
    public async Task Who_waits_gets_what_comes()
    {
        var next = _queue.TakeAsync(CancellationToken.None);
        var ticket = Add("acme");
        Assert.Same(ticket, await next);
    }

    [Fact]
    public async Task Who_was_stopped_gets_nothing_and_leaves_it_to_others()
    {
        using var stop = new CancellationTokenSource();
        var stopped = _queue.TakeAsync(stop.Token);
        await stop.CancelAsync();
        var ticket = Add("acme");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _queue.TakeAsync(stop.Token));
        Assert.Same(ticket, await _queue.TakeForHandoverAsync());
    }

    [Fact]
    public async Task A_closed_queue_gives_out_what_it_has_and_then_tells_all_that_it_is_over()
    {
        var ticket = Add("acme");
        _queue.Close();
        _queue.Close();
        Assert.False(_queue.TryAdd(NewTicket("acme")));
        Assert.Same(ticket, await _queue.TakeAsync(CancellationToken.None));
        Assert.All(await Task.WhenAll(_queue.TakeAsync(CancellationToken.None), _queue.TakeForHandoverAsync(), _queue.TakeForHandoverAsync()), Assert.Null);
    }

    [Fact]
    public async Task A_customer_alone_has_all_workers()
    {
        AddWorkers(8);
        Add("flood", 20);
        await GivenAsync("flood", 8);
    }

    [Fact]
    public async Task A_flood_leaves_a_worker_to_who_calls_now_and_then()
    {
        AddWorkers(8);
        var calm = Add("calm");
        Assert.Same(calm, await GivenAsync());
        Add("flood", 20);
        await GivenAsync("flood", 6);
        _queue.Ended(calm);
        AddWorkers(1);
        await GivenAsync("flood", 1);
        for (var call = 0; call < 100; call++)
        {
            var next = Add("calm");
            Assert.Same(next, await GivenAsync());
            _queue.Ended(next);
            AddWorkers(1);
        }
    }

    [Fact]
    public async Task Who_has_not_called_for_a_minute_has_no_worker_kept_for_it()
    {
        AddWorkers(8);
        var calm = Add("calm");
        Assert.Same(calm, await GivenAsync());
        _queue.Ended(calm);
        AddWorkers(1);
        Add("flood", 20);
        await GivenAsync("flood", 7);
        _clock.Now += 61;
        Add("flood");
        await GivenAsync("flood", 1);
    }

    [Fact]
    public async Task Who_has_less_than_its_share_comes_first_when_a_worker_is_free()
    {
        AddWorkers(8);
        Add("acme", 20);
        var first = await GivenAsync();
        await GivenAsync("acme", 7);
        var globex = Add("globex");
        AddWorkers(1);
        Assert.Same(globex, await GivenAsync());
        _queue.Ended(first);
    }

    private void AddWorkers(int count) => _free.AddRange(Enumerable.Range(0, count).Select(_ => _queue.TakeAsync(CancellationToken.None)));

    /// <summary>What a worker is given.</summary>
    private async Task<QueuedJob> GivenAsync()
    {
        var worker = await Task.WhenAny(_free).WaitAsync(TimeSpan.FromSeconds(5));
        _free.Remove(worker);
        return (await worker)!;
    }

    private async Task GivenAsync(string customer, int count)
    {
        for (var given = 0; given < count; given++)
        {
            Assert.Equal(customer, (await GivenAsync()).Spec.Customer);
        }
    }

    private static QueuedJob NewTicket(string customer) => new(JobSamples.Spec() with { Customer = customer }, Guid.NewGuid());

    private QueuedJob Add(string customer)
    {
        var ticket = NewTicket(customer);
        Assert.True(_queue.TryAdd(ticket));
        return ticket;
    }

    private void Add(string customer, int count)
    {
        for (var ticket = 0; ticket < count; ticket++)
        {
            Add(customer);
        }
    }

    private sealed class ManualClock : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Now;
    }
}
