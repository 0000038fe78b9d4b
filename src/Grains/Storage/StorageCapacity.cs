namespace SyncCluster.Storage;

/// <summary>Whether the storage has room for new jobs. Whoever watches it says so; where nobody does, it has.</summary>
internal sealed class StorageCapacity
{
    private volatile bool _isFull;

    /// <summary>No new job may be stored: what is left is for the ends of those that there are.</summary>
    public bool IsFull
    {
        get => _isFull;
        set => _isFull = value;
    }
}
