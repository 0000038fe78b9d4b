namespace SyncCluster.Storage;

/// <summary>A record that knows its size and its customer, and whether the embedded storage may evict it when memory runs short.</summary>
public interface IEvictable
{
    bool MayBeEvicted { get; }

    /// <summary>In bytes, roughly.</summary>
    int Size { get; }

    /// <summary>The name of the customer that it takes room for.</summary>
    string Customer { get; }
}
