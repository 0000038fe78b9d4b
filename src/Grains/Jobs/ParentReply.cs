namespace SyncCluster.Jobs;

/// <summary>The reply of a job's grain to a gateway that asks whether a run of the job may have children.</summary>
[GenerateSerializer, Immutable, Alias("sync.job.parent")]
public abstract record ParentReply
{
    private ParentReply()
    {
    }

    /// <summary>The run's script may be running.</summary>
    /// <param name="Tasks">The tasks of the job's ancestors, and as the last one its own: the ancestors of a child.</param>
    [GenerateSerializer, Immutable, Alias("sync.job.parent.running")]
    public sealed record Running([property: Id(0)] string[] Tasks) : ParentReply;

    /// <summary>There is no such run, or it has ended.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.parent.notrunning")]
    public sealed record NotRunning : ParentReply;

    /// <summary>Storage can't be reached.</summary>
    [GenerateSerializer, Immutable, Alias("sync.job.parent.unavailable")]
    public sealed record Unavailable : ParentReply;
}
