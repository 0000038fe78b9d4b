namespace SyncCluster.Jobs;

/// <summary>How a job ended, as it is reported to its grain.</summary>
[GenerateSerializer, Immutable, Alias("sync.job.outcome")]
public sealed record JobOutcome
{
    /// <summary>One for which <see cref="JobWireNames.HasEnded"/> is true.</summary>
    [Id(0)] public required Lifecycle Lifecycle { get; init; }

    [Id(1)] public required JobState State { get; init; }

    /// <summary>The stored output: JSON, UTF-8, an array of strings.</summary>
    [Id(2)] public required byte[] Output { get; init; }

    /// <summary>The <c>result</c> of the job document without its <c>user</c>: JSON, UTF-8, an object.</summary>
    [Id(3)] public required byte[] Result { get; init; }

    /// <summary>TheEye's <c>event_name</c>, if the script gave one, else the state; <c>timeout</c> if the script was killed for its time.</summary>
    [Id(4)] public string? TriggerName { get; init; }

    /// <summary>The script's <c>components</c>: JSON, or null.</summary>
    [Id(5)] public byte[]? Components { get; init; }

    /// <summary>The script's <c>next</c>: JSON, or null.</summary>
    [Id(6)] public byte[]? Next { get; init; }

    /// <summary>The job's document, if an external system has written it: JSON, UTF-8. Null: it is rendered from the other members.</summary>
    [Id(7)] public byte[]? Document { get; init; }

    /// <summary>Why the job has no answer: the backend's answer is lost or can't be read. Null if it has one.</summary>
    [Id(8)] public string? Fault { get; init; }

    /// <summary>The end of a job whose document an external system has written.</summary>
    public static JobOutcome Of(Lifecycle lifecycle, JobState state, byte[] document) =>
        new() { Lifecycle = lifecycle, State = state, Output = [], Result = [], Document = document };

    /// <summary>The end of a job that has no answer.</summary>
    /// <param name="fault">Why, and what the caller can do.</param>
    public static JobOutcome Lost(string fault) =>
        new() { Lifecycle = Lifecycle.Terminated, State = JobState.Error, Output = [], Result = [], Document = [], Fault = fault };
}
