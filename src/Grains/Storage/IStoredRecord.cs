namespace SyncCluster.Storage;

/// <summary>A record that knows what it is to the storage of one process.</summary>
public interface IStoredRecord
{
    /// <summary>Whether a server that starts again has to take it up.</summary>
    bool IsUnfinished { get; }

    /// <summary>What it counts as for the customer: bytes, roughly.</summary>
    int Size { get; }

    /// <summary>By which a list finds it; null if it is in no list.</summary>
    byte[]? ListEntry => null;

    /// <summary>The name of the customer that it takes room for; empty if it counts for nobody.</summary>
    string Customer { get; }
}
