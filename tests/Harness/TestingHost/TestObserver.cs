using System.Collections.Concurrent;
using SyncCluster.Jobs;

namespace SyncCluster.Harness;

/// <summary>A gateway's observer of one job.</summary>
internal sealed class TestObserver : IJobObserver
{
    private readonly TestJob _job;
    private readonly IJobObserver _reference;
    private readonly TaskCompletionSource<FinishedJob> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _failures;

    /// <param name="job">The job.</param>
    /// <param name="grains">Of the client or silo that the gateway is on.</param>
    /// <param name="failures">So many pushes fail before one is accepted.</param>
    public TestObserver(TestJob job, IGrainFactory grains, int failures)
    {
        _job = job;
        _failures = failures;
        _reference = grains.CreateObjectReference<IJobObserver>(this);
    }

    /// <summary>The finished jobs that were pushed and accepted.</summary>
    public ConcurrentQueue<FinishedJob> Received { get; } = new();

    /// <summary>The keys of the jobs whose grains said that they leave memory.</summary>
    public ConcurrentQueue<string> Moves { get; } = new();

    /// <summary>For each push, whether the end was stored when it came.</summary>
    public ConcurrentQueue<bool> WasStored { get; } = new();

    /// <summary>Pushes are answered when it has completed.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public Subscription Subscription(long version) => new(_reference, version);

    /// <summary>The first finished job that was accepted.</summary>
    /// <exception cref="InvalidOperationException">A push came before the end was stored.</exception>
    public async Task<FinishedJob> FirstAsync()
    {
        var finished = await _first.Task.WaitAsync(JobTestCluster.Patience);
        return WasStored.All(stored => stored) ? finished : throw new InvalidOperationException("A push came before the end was stored.");
    }

    public async Task Completed(FinishedJob job)
    {
        WasStored.Enqueue(await _job.StoredAsync() is { HasEnded: true });
        await Gate;
        if (Interlocked.Decrement(ref _failures) >= 0)
        {
            throw new InvalidOperationException("This push fails, as the test wants it.");
        }

        Received.Enqueue(job);
        _first.TrySetResult(job);
    }

    public Task AllCompleted(FinishedJob[] jobs) => Task.WhenAll(jobs.Select(Completed));

    public Task Moved(string key)
    {
        Moves.Enqueue(key);
        return Task.CompletedTask;
    }
}
