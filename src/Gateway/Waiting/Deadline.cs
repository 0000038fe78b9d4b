namespace SyncCluster.Gateway.Waiting;

/// <summary>When a request must have been answered, counted from its arrival.</summary>
internal readonly struct Deadline(TimeProvider timeProvider, TimeSpan wait)
{
    private readonly long _arrival = timeProvider.GetTimestamp();

    /// <summary>How long is left; not negative.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var remaining = wait - timeProvider.GetElapsedTime(_arrival);
            return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
        }
    }
}
