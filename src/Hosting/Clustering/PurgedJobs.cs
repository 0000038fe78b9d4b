namespace SyncCluster.Hosting.Clustering;

/// <summary>What became of a customer's jobs that were to be removed.</summary>
internal sealed record PurgedJobs
{
    /// <summary>How many were removed.</summary>
    public int Removed { get; init; }

    /// <summary>How many bytes these took, roughly.</summary>
    public long Bytes { get; init; }

    /// <summary>How many have not ended, and are kept.</summary>
    public int Unfinished { get; init; }

    /// <summary>How many have ended less than a minute ago, and are kept.</summary>
    public int Recent { get; init; }

    /// <summary>How many are kept because their calls have an idempotency key.</summary>
    public int WithKey { get; init; }

    /// <summary>How many are kept because the storage has failed.</summary>
    public int Failed { get; init; }

    /// <summary>Whether all jobs of the customer were looked at. If not, ask again.</summary>
    public bool Complete { get; init; }
}
