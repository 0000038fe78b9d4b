namespace SyncCluster.Jobs;

/// <summary>The result of a job, by TheEye's names.</summary>
public enum JobState
{
    InProgress = 0,
    Success = 1,
    Failure = 2,
    Timeout = 3,
    Canceled = 4,
    Error = 5,
}
