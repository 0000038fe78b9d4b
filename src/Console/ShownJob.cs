namespace SyncCluster.WebConsole;

/// <summary>A job on its page.</summary>
public sealed record ShownJob
{
    public required string Id { get; init; }

    public required string TaskId { get; init; }

    public required string TaskName { get; init; }

    /// <summary>In TheEye's words.</summary>
    public required string Lifecycle { get; init; }

    /// <summary>In TheEye's words.</summary>
    public required string State { get; init; }

    public required bool HasEnded { get; init; }

    /// <summary>Whether the visitor may cancel it.</summary>
    public required bool MayCancel { get; init; }

    /// <summary>Who called.</summary>
    public required string User { get; init; }

    /// <summary>From where; null if that is not known.</summary>
    public string? Address { get; init; }

    /// <summary>Names and values.</summary>
    public required IReadOnlyList<(string Name, string Value)> Arguments { get; init; }

    public DateTimeOffset? CalledAt { get; init; }

    /// <summary>When it came to its lifecycle.</summary>
    public DateTimeOffset? ChangedAt { get; init; }

    /// <summary>How long its script ran; null if it has not ended, or there was none.</summary>
    public TimeSpan? RunTime { get; init; }

    /// <summary>How its script ended; null if it has not.</summary>
    public string? Exit { get; init; }

    /// <summary>The job that it runs again; null for none.</summary>
    public string? RestartedFrom { get; init; }

    /// <summary>Who waits for it now; null if it has ended.</summary>
    public string? Waiting { get; init; }

    /// <summary>The silo where its script runs or has run; null if that is not known, or not for the visitor.</summary>
    public string? Silo { get; init; }

    /// <summary>The run, as the servers' logs name it; null as <see cref="Silo"/>.</summary>
    public string? Run { get; init; }

    /// <summary>How long it waited before its script began, or waits; null if that is not known.</summary>
    public TimeSpan? WaitTime =>
        !HasEnded ? (Lifecycle == "assigned" ? ChangedAt - CalledAt : null)
        : ChangedAt - CalledAt - (RunTime ?? TimeSpan.Zero) is { } time ? (time > TimeSpan.Zero ? time : TimeSpan.Zero)
        : null;

    /// <summary>What a client gets; null before the end.</summary>
    public ShownAnswer? Answer { get; init; }

    /// <summary>What people call a lifecycle before the end.</summary>
    public static string WordFor(string lifecycle) => lifecycle switch
    {
        "ready" => "waiting",
        "assigned" => "running",
        _ => lifecycle,
    };
}

/// <summary>The answer of a job's call.</summary>
/// <param name="Flag">The flag of the call: empty, <c>parse</c>, <c>result</c> or <c>full</c>.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Reason">What that is called.</param>
/// <param name="Body">The body; JSON is indented.</param>
/// <param name="Bytes">How long the body is as it is sent.</param>
/// <param name="IsCut">Whether <paramref name="Body"/> is only its beginning.</param>
public sealed record ShownAnswer(string Flag, int Status, string Reason, string Body, int Bytes, bool IsCut);
