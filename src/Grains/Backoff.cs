namespace SyncCluster;

/// <summary>The pauses of a <see cref="RetryPolicy"/>, one after another, for a loop that decides by itself what it repeats.</summary>
internal struct Backoff(RetryPolicy policy)
{
    private int _attempt;

    public TimeSpan Next() => policy.PauseAfter(_attempt++);
}
