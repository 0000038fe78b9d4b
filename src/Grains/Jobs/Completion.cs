namespace SyncCluster.Jobs;

/// <summary>The answer to a report of a job's end.</summary>
public enum Completion
{
    /// <summary>The end is stored and can't be lost.</summary>
    Accepted = 0,

    /// <summary>The job has ended in another way, or is unknown: this report changes nothing.</summary>
    AlreadyFinished = 1,

    /// <summary>The end could not be stored: report it again.</summary>
    Retry = 2,
}
