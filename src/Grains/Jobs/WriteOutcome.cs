namespace SyncCluster.Jobs;

/// <summary>Which step of a job is stored after a write.</summary>
internal enum WriteOutcome
{
    /// <summary>
    /// The written step: the write was acknowledged, or the step was read back. The writer of an attempt may release the job, once.
    /// </summary>
    Applied,

    /// <summary>Another step.</summary>
    Superseded,

    /// <summary>None of this writer: storage is not connected, and the record that was to be created was not sent.</summary>
    NotSent,

    /// <summary>Unknown, since storage did not answer. Nothing that depends on it may be done.</summary>
    Unknown,
}
