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

    /// <summary>Another deadline of the same request.</summary>
    public Deadline After(TimeSpan wait) => new(_timeProvider, wait, _arrival);
}

/// <summary>The deadlines of a wait.</summary>
/// <param name="Start">Until when the job must be known to exist. It is later than the end if that would be too soon.</param>
/// <param name="End">When the wait for the job's end is over.</param>
internal readonly record struct WaitDeadlines(Deadline Start, Deadline End);
