namespace SyncCluster.Jobs;

/// <summary>The stage of a job, by TheEye's names.</summary>
public enum Lifecycle
{
    /// <summary>Allocated, not released: nothing may run yet.</summary>
    Syncing = 0,

    /// <summary>Released, waiting for a runner.</summary>
    Ready = 1,

    /// <summary>Given to a runner: the script may have run.</summary>
    Assigned = 2,

    Finished = 3,

    /// <summary>Killed, timed out or lost.</summary>
    Terminated = 4,

    Canceled = 5,

    /// <summary>Only TheEye's jobs: no runner took the job in time.</summary>
    Expired = 6,

    /// <summary>Only TheEye's jobs: an end of its workflows.</summary>
    Completed = 7,
}
