namespace SyncCluster.Hosting.Storage;

/// <summary>What identifies a record: the storage's name, the grain's id and the state's name.</summary>
internal readonly record struct RowKey(string Storage, string Grain, string State);

/// <summary>A record as it is stored.</summary>
/// <param name="Data">The serialized state.</param>
/// <param name="ETag">It changes with each write, and never returns.</param>
internal sealed record StoredRow(byte[] Data, long ETag);

/// <summary>A record to write.</summary>
/// <param name="Data">The serialized state.</param>
internal sealed record NewRow(byte[] Data)
{
    /// <summary>When the record expires; null for never.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Whether it is a job that has not ended: it is taken up again when the server has been restarted.</summary>
    public bool IsUnfinished { get; init; }

    /// <summary>Whose record it is; empty if it counts for nobody.</summary>
    public string Customer { get; init; } = "";

    /// <summary>By which a list finds it; null if it is in no list.</summary>
    public byte[]? ListEntry { get; init; }

    /// <summary>What it counts as for the customer, in bytes.</summary>
    public long Size { get; init; }
}
