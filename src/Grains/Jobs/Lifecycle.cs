namespace SyncCluster.Jobs;

/// <summary>Where a job is on its way, in TheEye's words.</summary>
public enum Lifecycle
{
    /// <summary>Allocated, not released: nothing may run yet.</summary>
    Syncing = 0,

    /// <summary>Released, waiting for a runner.</summary>
    Ready = 1,

    /// <summary>Handed to a runner: the script may have run.</summary>
    Assigned = 2,

    Finished = 3,

    /// <summary>Killed, timed out or lost.</summary>
    Terminated = 4,

    Canceled = 5,

    /// <summary>Of TheEye: nobody came for it in time.</summary>
    Expired = 6,

    /// <summary>Of TheEye: an end that only its workflows know.</summary>
    Completed = 7,
}

/// <summary>How it stands with a job, in TheEye's words.</summary>
public enum JobState
{
    InProgress = 0,
    Success = 1,
    Failure = 2,
    Timeout = 3,
    Canceled = 4,
    Error = 5,
}

public static class JobWireNames
{
    public static bool HasEnded(this Lifecycle lifecycle) =>
        lifecycle is Lifecycle.Finished or Lifecycle.Terminated or Lifecycle.Canceled or Lifecycle.Expired or Lifecycle.Completed;

    public static string WireName(this Lifecycle lifecycle) => lifecycle switch
    {
        Lifecycle.Syncing => "syncing",
        Lifecycle.Ready => "ready",
        Lifecycle.Assigned => "assigned",
        Lifecycle.Finished => "finished",
        Lifecycle.Terminated => "terminated",
        Lifecycle.Canceled => "canceled",
        Lifecycle.Expired => "expired",
        Lifecycle.Completed => "completed",
        _ => throw new ArgumentOutOfRangeException(nameof(lifecycle), lifecycle, null),
    };

    public static string WireName(this JobState state) => state switch
    {
        JobState.InProgress => "in_progress",
        JobState.Success => "success",
        JobState.Failure => "failure",
        JobState.Timeout => "timeout",
        JobState.Canceled => "canceled",
        JobState.Error => "error",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };
}
