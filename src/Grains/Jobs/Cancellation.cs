namespace SyncCluster.Jobs;

/// <summary>The answer to a request to end a job early.</summary>
public enum Cancellation
{
    /// <summary>The job has ended, or its run was told to stop. Such a job is canceled only if it is stored as that: its script may just have ended.</summary>
    Accepted = 0,

    /// <summary>The job had ended before.</summary>
    AlreadyEnded = 1,

    /// <summary>There is no such job.</summary>
    NotFound = 2,

    /// <summary>Storage or the runner can't be reached: ask again.</summary>
    Unavailable = 3,
}
