using SyncCluster.Jobs;

namespace SyncCluster.Execution;

/// <summary>What the grain of an unfinished job is to do with it.</summary>
public abstract record Resumption
{
    private Resumption()
    {
    }

    /// <summary>Wait: an executor holds the job, or may hold it.</summary>
    public sealed record KeepWaiting : Resumption;

    /// <summary>Take the job over and release it: its attempt has provably started nothing.</summary>
    public sealed record TakeOver : Resumption;

    /// <summary>Leave the job to another silo: this one is starting or stopping.</summary>
    public sealed record NotAccepting : Resumption;

    /// <summary>End the job with an outcome: it is lost.</summary>
    public sealed record End(JobOutcome Outcome) : Resumption;
}
