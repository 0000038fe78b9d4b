namespace SyncCluster.TheEye.Jobs;

/// <summary>A copy of a job's state.</summary>
public sealed record JobSnapshot
{
    public required string Id { get; init; }

    public required TheEyeTask Task { get; init; }

    public required string Lifecycle { get; init; }

    public required string State { get; init; }

    /// <summary>How many times an agent has started it.</summary>
    public required int Runs { get; init; }

    /// <summary>How many calls of <c>synced</c> were executed.</summary>
    public required int SyncedCalls { get; init; }

    /// <summary>How many times <c>GET</c> has sent its document.</summary>
    public required int Fetches { get; init; }

    /// <summary>The body that created it, as it was received.</summary>
    public required ReadOnlyMemory<byte> LastBody { get; init; }

    /// <summary>The distinct tokens of all calls for it.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>Whether it is deleted, so that <c>GET</c> answers 404.</summary>
    public required bool Removed { get; init; }

    public bool HasEnded => Jobs.Lifecycle.HasEnded(Lifecycle);
}
