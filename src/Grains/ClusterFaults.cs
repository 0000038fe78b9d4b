namespace SyncCluster;

/// <summary>Tells faults of the cluster from a grain's own.</summary>
internal static class ClusterFaults
{
    /// <summary>
    /// Whether a call to a grain has failed since the cluster can't be reached, or since a silo is lost or stops: another silo may answer the next
    /// attempt. Orleans cancels a message that has waited too long for a place for its grain. A caller that cancels its call checks for that first.
    /// </summary>
    public static bool IsClusterFault(this Exception fault) =>
        fault is OrleansException or TimeoutException or OperationCanceledException or ObjectDisposedException;
}
