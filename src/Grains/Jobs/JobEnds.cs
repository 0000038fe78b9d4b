using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Jobs;

/// <summary>The ends of jobs that no script has told.</summary>
internal static class JobEnds
{
    /// <summary>A dummy task: its output is its arguments.</summary>
    /// <param name="arguments">The bound arguments: JSON, UTF-8, an array.</param>
    public static JobOutcome Dummy(byte[] arguments)
    {
        using var values = JsonDocument.Parse(arguments, JsonText.DocumentOptions);
        return Of(Lifecycle.Finished, JobState.Success, StoredOutput.Of(values.RootElement), "");
    }

    /// <summary>Canceled while it waited: nothing ran.</summary>
    public static JobOutcome CanceledBeforeItRan() => Of(Lifecycle.Canceled, JobState.Canceled, "The job was canceled before it ran.");

    /// <summary>Its server died while it ran.</summary>
    public static JobOutcome LostWithItsRunner() => Of(
        Lifecycle.Terminated,
        JobState.Failure,
        "The server that ran this job is gone. The script may have run, wholly or in part. It was not run again.");

    /// <summary>It was assigned, but its script was not started.</summary>
    /// <param name="message">Why, and what to do.</param>
    public static JobOutcome NotRun(string message) => Of(Lifecycle.Terminated, JobState.Failure, message);

    private static JobOutcome Of(Lifecycle lifecycle, JobState state, string message) => Of(lifecycle, state, StoredOutput.Single(message), message);

    private static JobOutcome Of(Lifecycle lifecycle, JobState state, byte[] output, string message) => new()
    {
        Lifecycle = lifecycle,
        State = state,
        Output = output,
        Result = new JobResult { Log = message, LastLine = message, Output = output }.Render(),
    };
}
