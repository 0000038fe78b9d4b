namespace SyncCluster;

/// <summary>Pauses between tries, each twice as long as the one before, up to a longest one.</summary>
internal struct Backoff(TimeSpan first, TimeSpan longest)
{
    private TimeSpan _next = first;

    public TimeSpan Next()
    {
        var pause = _next;
        _next = pause * 2 < longest ? pause * 2 : longest;
        return pause;
    }
}
