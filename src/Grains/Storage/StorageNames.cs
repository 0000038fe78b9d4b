namespace SyncCluster.Storage;

/// <summary>The two grain storages: their expiry differs, and a provider's expiry covers all that it writes.</summary>
public static class StorageNames
{
    /// <summary>Jobs and keys; expires.</summary>
    public const string Jobs = "jobs";

    /// <summary>Tasks; never expires.</summary>
    public const string Catalog = "catalog";
}
