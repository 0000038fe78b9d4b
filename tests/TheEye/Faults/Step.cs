namespace SyncCluster.TheEye.Faults;

/// <summary>The steps of a sync call at which TheEye can go wrong.</summary>
public enum Step
{
    /// <summary>The token's profile, at the gateway.</summary>
    Profile,

    /// <summary>The creation of a job, with a token or a secret.</summary>
    Create,

    /// <summary>The release of a syncing job.</summary>
    Synced,

    /// <summary>The read of a job's document.</summary>
    Job,

    Hold,

    Cancel,

    /// <summary>The message that a job has ended. It has no answer: only whether and when a fault acts counts here.</summary>
    Publish,
}
