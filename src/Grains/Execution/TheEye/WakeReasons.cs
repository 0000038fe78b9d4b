namespace SyncCluster.Execution.TheEye;

/// <summary>Why the loop of a monitored job is woken.</summary>
[Flags]
internal enum WakeReasons
{
    None = 0,

    /// <summary>The supervisor is to be asked about the job.</summary>
    Check = 1,

    /// <summary>Redis announces that the job has ended.</summary>
    EndAnnounced = 2,

    /// <summary>The job is to be released.</summary>
    Release = 4,
}
