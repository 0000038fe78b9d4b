namespace SyncCluster.Jobs;

/// <summary>The answer to a request to remove a job.</summary>
[GenerateSerializer, Immutable, Alias("sync.job.removal")]
public abstract record Removal
{
    private Removal()
    {
    }

    /// <summary>The job's arguments, output and log are no longer stored.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.removal.removed")]
    public sealed record Removed : Removal;

    /// <summary>It was removed before.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.removal.before")]
    public sealed record AlreadyRemoved : Removal;

    /// <summary>There is no such job.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.removal.notfound")]
    public sealed record NotFound : Removal;

    /// <summary>The job has not ended, and is kept.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.removal.unfinished")]
    public sealed record Unfinished : Removal;

    /// <summary>The job has ended too short a time ago, and is kept.</summary>
    /// <param name="RemovableFrom">From when on it may be removed.</param>
    [GenerateSerializer, Immutable, Alias("sync.job.removal.recent")]
    public sealed record Recent([property: Id(0)] DateTimeOffset RemovableFrom) : Removal;

    /// <summary>Storage can't be reached: ask again. The job may be removed.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.removal.unavailable")]
    public sealed record Unavailable : Removal;
}
