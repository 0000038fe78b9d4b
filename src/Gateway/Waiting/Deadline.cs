using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Gateway.Waiting;

/// <summary>When a request must have been answered, counted from its arrival.</summary>
internal readonly struct Deadline
{
    private readonly TimeProvider _timeProvider;
    private readonly TimeSpan _wait;
    private readonly long _arrival;

    public Deadline(TimeProvider timeProvider, TimeSpan wait)
        : this(timeProvider, wait, timeProvider.GetTimestamp())
    {
    }

    private Deadline(TimeProvider timeProvider, TimeSpan wait, long arrival)
    {
        _timeProvider = timeProvider;
        _wait = wait;
        _arrival = arrival;
    }

    /// <summary>The time that is left; not negative.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var remaining = _wait - _timeProvider.GetElapsedTime(_arrival);
            return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
        }
    }

    /// <summary>Waits for a task until the deadline.</summary>
    /// <param name="task">The task. It goes on.</param>
    /// <param name="aborted">Canceled when the client has disconnected.</param>
    /// <exception cref="TimeoutException">The deadline is over.</exception>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    public Task<T> WaitAsync<T>(Task<T> task, CancellationToken aborted) => task.WaitAsync(Remaining, ClusterClock.TimersOf(_timeProvider), aborted);

    /// <summary>Another deadline of the same request.</summary>
    public Deadline After(TimeSpan wait) => new(_timeProvider, wait, _arrival);

    /// <summary>A deadline of the same request that is so much earlier.</summary>
    public Deadline EarlierBy(TimeSpan margin) => new(_timeProvider, _wait - margin, _arrival);
}

/// <summary>The deadlines of a wait.</summary>
/// <param name="Start">Until when the job must be known to exist. It is later than the end if that would be too soon.</param>
/// <param name="End">When the wait for the job's end is over.</param>
internal readonly record struct WaitDeadlines(Deadline Start, Deadline End);
