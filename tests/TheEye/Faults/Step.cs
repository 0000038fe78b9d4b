namespace SyncCluster.TheEye.Faults;

/// <summary>The steps of a sync call that a fault can affect.</summary>
public enum Step
{
    /// <summary>The read of the token's profile, at the gateway.</summary>
    Profile,

    /// <summary>The read of a task.</summary>
    Task,

    /// <summary>The creation of a job, with a token or a secret.</summary>
    Create,

    /// <summary>The release of a syncing job.</summary>
    Synced,

    /// <summary>The read of a job's document.</summary>
    Job,

    Hold,

    Cancel,

    /// <summary>The message that a job has ended, after its delay. It has no answer: a fault only changes whether and when it is sent.</summary>
    Publish,
}
