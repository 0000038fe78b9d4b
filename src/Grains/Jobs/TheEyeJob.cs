namespace SyncCluster.Jobs;

/// <summary>A job of TheEye, read from its document.</summary>
/// <param name="Id">24 lowercase hex digits.</param>
/// <param name="Lifecycle">TheEye's name of it.</param>
/// <param name="State">TheEye's name of it.</param>
internal readonly record struct TheEyeJob(string Id, string Lifecycle, string State)
{
    /// <summary>Whether it waits to be released.</summary>
    public bool IsSyncing => Lifecycle == "syncing";

    /// <summary>Its lifecycle and state at the end; null while it has not ended.</summary>
    public (Lifecycle Lifecycle, JobState State)? End => Lifecycle switch
    {
        "finished" => (Jobs.Lifecycle.Finished, EndState),
        "terminated" => (Jobs.Lifecycle.Terminated, EndState),
        "canceled" => (Jobs.Lifecycle.Canceled, EndState),
        "expired" => (Jobs.Lifecycle.Expired, EndState),
        "completed" => (Jobs.Lifecycle.Completed, EndState),
        _ => null,
    };

    private JobState EndState => State switch
    {
        "success" => JobState.Success,
        "timeout" => JobState.Timeout,
        "canceled" => JobState.Canceled,
        "error" => JobState.Error,
        _ => JobState.Failure,
    };
}
