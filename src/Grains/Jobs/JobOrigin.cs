namespace SyncCluster.Jobs;

/// <summary>Which system has created a job.</summary>
public enum JobOrigin
{
    /// <summary>This cluster, which also runs it.</summary>
    Local = 0,

    /// <summary>TheEye, on request of this cluster: the job does nothing until this cluster releases it.</summary>
    AllocatedAtTheEye = 1,

    /// <summary>TheEye: the job runs without this cluster, which only waits for its end.</summary>
    ExternallyReleased = 2,
}
