namespace SyncCluster.TheEye.Jobs;

/// <summary>A job as it stood when a test asked for it.</summary>
public sealed record JobSnapshot
{
    public required string Id { get; init; }

    public required TheEyeTask Task { get; init; }

    public required string Lifecycle { get; init; }

    public required string State { get; init; }

    /// <summary>How many times an agent started it.</summary>
    public required int Runs { get; init; }

    /// <summary>Calls of <c>synced</c> that were acted upon.</summary>
    public required int SyncedCalls { get; init; }

    /// <summary>How many times its document was given by <c>GET</c>.</summary>
    public required int Fetches { get; init; }

    /// <summary>The body that created it, as received.</summary>
    public required ReadOnlyMemory<byte> LastBody { get; init; }

    /// <summary>The distinct tokens that calls about it came with.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>Whether it is deleted, so that <c>GET</c> answers 404.</summary>
    public required bool Removed { get; init; }

    public bool HasEnded => Jobs.Lifecycle.HasEnded(Lifecycle);
}
