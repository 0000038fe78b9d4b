namespace SyncCluster.Storage;

/// <summary>The two grain storages. Their expiry differs, and the expiry of a provider applies to all its writes.</summary>
public static class StorageNames
{
    /// <summary>Jobs, idempotency keys and the queues of serial tasks. They expire.</summary>
    public const string Jobs = "jobs";

    /// <summary>Tasks. They never expire.</summary>
    public const string Catalog = "catalog";
}
