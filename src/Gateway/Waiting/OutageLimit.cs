namespace SyncCluster.Gateway.Waiting;

/// <summary>For how long a call is repeated while the cluster does not serve it. It is a value that changes: each call keeps its own.</summary>
/// <param name="timeProvider">Measures the time.</param>
/// <param name="patience">How long while a silo says that storage is unavailable, from when it says so.</param>
/// <param name="silence">How long while the cluster gives no answer, from now.</param>
internal struct OutageLimit(TimeProvider timeProvider, TimeSpan patience, TimeSpan silence)
{
    private readonly Deadline _whileSilent = new(timeProvider, silence);
    private Deadline? _whileUnavailable;

    /// <summary>Whether the call may be repeated after it has failed.</summary>
    /// <param name="isAnswered">Whether a silo has said that storage is unavailable; else the cluster has given no answer.</param>
    public bool MayRepeatAfter(bool isAnswered)
    {
        _whileUnavailable = isAnswered ? _whileUnavailable ?? new Deadline(timeProvider, patience) : null;
        return (_whileUnavailable ?? _whileSilent).Remaining > TimeSpan.Zero;
    }
}
