namespace SyncCluster.Storage;

/// <summary>A record that knows its size, and whether the embedded storage may evict it when memory runs short.</summary>
public interface IEvictable
{
    bool MayBeEvicted { get; }

    /// <summary>In bytes, roughly.</summary>
    int Size { get; }
}
