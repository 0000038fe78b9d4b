namespace SyncCluster.Storage;

/// <summary>The limits of <see cref="InMemoryGrainStorage"/>.</summary>
public sealed record InMemoryStorageOptions
{
    /// <summary>How long a record is kept after its last write; null: for ever.</summary>
    public TimeSpan? Expiry { get; init; }

    /// <summary>
    /// In bytes, roughly. Above it, records that may be evicted are evicted: of the customer that holds most, the least recently used first. Default
    /// 1 GiB.
    /// </summary>
    public long SizeLimit { get; init; } = 1L << 30;
}
