namespace SyncCluster.Jobs;

/// <summary>TheEye's names of lifecycles and states.</summary>
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
