using SyncCluster.Overview;

namespace SyncCluster.Storage;

/// <summary>
/// Whether the storage has room for new jobs. A monitor sets its level; without a monitor there is always room. When it is nearly full, customers that
/// have less than their share of what is stored still get some of the room that is left.
/// </summary>
internal sealed class StorageCapacity(StoredBytes storedBytes)
{
    private volatile StorageLevel _level;
    private volatile IReadOnlyList<StorageReport> _uses = [];

    public StorageLevel Level
    {
        get => _level;
        set => _level = value;
    }

    /// <summary>What is used of what, for operators. The monitor sets it.</summary>
    public IReadOnlyList<StorageReport> Uses
    {
        get => _uses;
        set => _uses = value;
    }

    /// <summary>How full a storage is. What is above the share of all new jobs is left in two halves: to some customers, and to the ends of jobs.</summary>
    /// <param name="used">What is used, in bytes.</param>
    /// <param name="limit">The storage's limit, in bytes.</param>
    /// <param name="share">The part of the limit that all new jobs may use.</param>
    public static StorageLevel LevelOf(long used, long limit, double share) =>
        used <= limit * share ? StorageLevel.Room : used <= limit * (1 + share) / 2 ? StorageLevel.NearlyFull : StorageLevel.Full;

    /// <summary>Whether a new job of the customer may not be stored: the remaining room is for others, and for the ends of the existing jobs.</summary>
    public bool IsFullFor(string customer) => Level switch
    {
        StorageLevel.Room => false,
        StorageLevel.NearlyFull => storedBytes.HasShare(customer),
        _ => true,
    };
}

/// <summary>How full the storage is.</summary>
internal enum StorageLevel
{
    /// <summary>There is room for new jobs.</summary>
    Room,

    /// <summary>There is room for new jobs of customers that have less than their share.</summary>
    NearlyFull,

    /// <summary>There is room for the ends of existing jobs only.</summary>
    Full,
}
