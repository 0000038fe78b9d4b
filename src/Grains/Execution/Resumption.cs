using SyncCluster.Jobs;

namespace SyncCluster.Execution;

/// <summary>What is to become of an unfinished job.</summary>
public abstract record Resumption
{
    private Resumption()
    {
    }

    /// <summary>It is in good hands, or nobody can say yet.</summary>
    public sealed record KeepWaiting : Resumption;

    /// <summary>Its attempt has provably started nothing: take it over and release it.</summary>
    public sealed record TakeOver : Resumption;

    /// <summary>Somebody else must see to it: this silo stops or starts.</summary>
    public sealed record NotAccepting : Resumption;

    /// <summary>It is lost.</summary>
    public sealed record End(JobOutcome Outcome) : Resumption;
}
