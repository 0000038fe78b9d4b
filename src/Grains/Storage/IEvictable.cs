namespace SyncCluster.Storage;

/// <summary>A record that says of itself what it costs the embedded storage, and whether that may forget it when memory runs short.</summary>
public interface IEvictable
{
    bool MayBeEvicted { get; }

    /// <summary>Bytes, roughly.</summary>
    int Size { get; }
}
