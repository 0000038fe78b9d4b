namespace SyncCluster.Storage;

/// <summary>Whether the storage has room for new jobs. A monitor sets it; without a monitor there is always room.</summary>
internal sealed class StorageCapacity
{
    private volatile bool _isFull;

    /// <summary>No new job may be stored: the remaining room is for the ends of the existing jobs.</summary>
    public bool IsFull
    {
        get => _isFull;
        set => _isFull = value;
    }
}
