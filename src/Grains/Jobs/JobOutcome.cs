namespace SyncCluster.Jobs;

/// <summary>How a job ended: what its runner tells the job's grain, once.</summary>
[GenerateSerializer, Immutable, Alias("sync.job.outcome")]
public sealed record JobOutcome
{
    /// <summary>One for which <see cref="JobWireNames.HasEnded"/> holds.</summary>
    [Id(0)] public required Lifecycle Lifecycle { get; init; }

    [Id(1)] public required JobState State { get; init; }

    /// <summary>The stored output: JSON, UTF-8, an array of strings.</summary>
    [Id(2)] public required byte[] Output { get; init; }

    /// <summary>The <c>result</c> of the job document without its <c>user</c>: JSON, UTF-8, an object.</summary>
    [Id(3)] public required byte[] Result { get; init; }

    /// <summary>TheEye's <c>event_name</c> of the script, else the state; <c>timeout</c> when it was killed for that.</summary>
    [Id(4)] public string? TriggerName { get; init; }

    /// <summary>The script's <c>components</c>: JSON, or null.</summary>
    [Id(5)] public byte[]? Components { get; init; }

    /// <summary>The script's <c>next</c>: JSON, or null.</summary>
    [Id(6)] public byte[]? Next { get; init; }

    /// <summary>The job's document where somebody else has written it: JSON, UTF-8. Null: it is made of the rest.</summary>
    [Id(7)] public byte[]? Document { get; init; }

    /// <summary>Why the job has no answer: what its backend had of it is lost or can't be read. Null where it has one.</summary>
    [Id(8)] public string? Fault { get; init; }

    /// <summary>The end that a document tells which somebody else has written.</summary>
    public static JobOutcome Of(Lifecycle lifecycle, JobState state, byte[] document) =>
        new() { Lifecycle = lifecycle, State = state, Output = [], Result = [], Document = document };

    /// <summary>The end of a job that has no answer.</summary>
    /// <param name="fault">Why, and what to do about it.</param>
    public static JobOutcome Lost(string fault) =>
        new() { Lifecycle = Lifecycle.Terminated, State = JobState.Error, Output = [], Result = [], Document = [], Fault = fault };
}
