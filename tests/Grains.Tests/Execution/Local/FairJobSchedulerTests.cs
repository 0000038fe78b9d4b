using SyncCluster.Execution.Local;
using SyncCluster.Grains.Tests.Jobs;

namespace SyncCluster.Grains.Tests.Execution.Local;

/// <summary>Which job a free worker gets.</summary>
public sealed class FairJobSchedulerTests
{
    private readonly ManualClock _clock = new();
    private readonly List<Task<QueuedJob?>> _free = [];
    private readonly FairJobScheduler _queue;

    public FairJobSchedulerTests() => _queue = new FairJobScheduler(workers: 8, reserved: 1, _clock);

    [Fact]
    public async Task A_waiting_worker_gets_the_next_job()
    {
        var next = _queue.TakeAsync(CancellationToken.None);
        var job = Add("acme");
        Assert.Same(job, await next);
    }

    [Fact]
    public async Task A_stopped_worker_gets_no_job_and_the_handover_does()
    {
        using var stop = new CancellationTokenSource();
        var stopped = _queue.TakeAsync(stop.Token);
        await stop.CancelAsync();
        var job = Add("acme");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _queue.TakeAsync(stop.Token));
        Assert.Same(job, await _queue.TakeForHandoverAsync());
    }

    [Fact]
    public async Task A_closed_queue_returns_the_jobs_that_it_has_and_then_null()
    {
        var job = Add("acme");
        _queue.Close();
        _queue.Close();
        Assert.False(_queue.TryAdd(NewJob("acme")));
        Assert.Same(job, await _queue.TakeAsync(CancellationToken.None));
        Assert.All(await Task.WhenAll(_queue.TakeAsync(CancellationToken.None), _queue.TakeForHandoverAsync(), _queue.TakeForHandoverAsync()), Assert.Null);
    }

    [Fact]
    public async Task A_single_customer_may_use_all_workers()
    {
        AddWorkers(8);
        Add("flood", 20);
        await TakenAsync("flood", 8);
    }

    [Fact]
    public async Task A_customer_that_calls_now_and_then_gets_a_worker_at_once_during_a_flood()
    {
        AddWorkers(8);
        var calm = Add("calm");
        Assert.Same(calm, await TakenAsync());
        Add("flood", 20);
        await TakenAsync("flood", 6);
        _queue.Ended(calm);
        AddWorkers(1);
        await TakenAsync("flood", 1);
        for (var call = 0; call < 100; call++)
        {
            var next = Add("calm");
            Assert.Same(next, await TakenAsync());
            _queue.Ended(next);
            AddWorkers(1);
        }
    }

    [Fact]
    public async Task No_worker_is_reserved_for_a_customer_that_has_not_called_for_a_minute()
    {
        AddWorkers(8);
        var calm = Add("calm");
        Assert.Same(calm, await TakenAsync());
        _queue.Ended(calm);
        AddWorkers(1);
        Add("flood", 20);
        await TakenAsync("flood", 7);
        _clock.Now += 61;
        Add("flood");
        await TakenAsync("flood", 1);
    }

    [Fact]
    public async Task A_customer_with_less_than_its_share_gets_the_next_free_worker()
    {
        AddWorkers(8);
        Add("acme", 20);
        var first = await TakenAsync();
        await TakenAsync("acme", 7);
        var globex = Add("globex");
        AddWorkers(1);
        Assert.Same(globex, await TakenAsync());
        _queue.Ended(first);
    }

    private void AddWorkers(int count) => _free.AddRange(Enumerable.Range(0, count).Select(_ => _queue.TakeAsync(CancellationToken.None)));

    /// <summary>The job that a worker gets.</summary>
    private async Task<QueuedJob> TakenAsync()
    {
        var worker = await Task.WhenAny(_free).WaitAsync(TimeSpan.FromSeconds(60));
        _free.Remove(worker);
        return (await worker)!;
    }

    private async Task TakenAsync(string customer, int count)
    {
        for (var taken = 0; taken < count; taken++)
        {
            Assert.Equal(customer, (await TakenAsync()).Spec.Customer);
        }
    }

    private static QueuedJob NewJob(string customer) => new(JobSamples.Spec() with { Customer = customer }, Guid.NewGuid(), Since: 0);

    private QueuedJob Add(string customer)
    {
        var job = NewJob(customer);
        Assert.True(_queue.TryAdd(job));
        return job;
    }

    private void Add(string customer, int count)
    {
        for (var job = 0; job < count; job++)
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
