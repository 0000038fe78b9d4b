namespace SyncCluster.TheEye.Jobs;

/// <summary>TheEye's names of lifecycles.</summary>
internal static class Lifecycle
{
    public const string Syncing = "syncing";
    public const string Ready = "ready";
    public const string OnHold = "onhold";
    public const string Assigned = "assigned";
    public const string Finished = "finished";
    public const string Terminated = "terminated";
    public const string Canceled = "canceled";

    public static bool HasEnded(string lifecycle) => lifecycle is Finished or Terminated or Canceled or "expired" or "completed";
}
