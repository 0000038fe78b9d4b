namespace SyncCluster.Jobs;

/// <summary>The answer to a runner that wants to start a job.</summary>
public enum Assignment
{
    /// <summary>The run may start the script.</summary>
    Granted = 0,

    /// <summary>Another attempt or run has the job, or it has ended: do not start it.</summary>
    Refused = 1,

    /// <summary>Storage can't be reached: nothing was decided, ask again.</summary>
    Retry = 2,
}
