using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Jobs;

/// <summary>The ends of jobs that no script's run led to.</summary>
internal static class ServerOutcomes
{
    /// <summary>A dummy task ends at once: its output is its arguments.</summary>
    /// <param name="boundArguments">JSON, UTF-8, an array.</param>
    public static JobOutcome Dummy(ReadOnlyMemory<byte> boundArguments)
    {
        using var arguments = JsonDocument.Parse(boundArguments, JsonText.DocumentOptions);
        var output = JobOutput.Of(arguments.RootElement);
        return output.Length > JobOutput.Limit
            ? SaidByServer(Lifecycle.Finished, JobState.Failure, JobOutput.TooLong(output.Length), "")
            : new()
            {
                Lifecycle = Lifecycle.Finished,
                State = JobState.Success,
                Output = output,
                Result = new JobResult { Output = JsonText.Compact(arguments.RootElement) }.Render(),
            };
    }

    public static JobOutcome CanceledBeforeItRan() =>
        SaidByServer(Lifecycle.Canceled, JobState.Canceled, "The job was canceled before it ran.");

    /// <summary>Its runner is gone and can't say what became of it.</summary>
    public static JobOutcome LostWithItsRunner() => SaidByServer(
        Lifecycle.Terminated,
        JobState.Failure,
        "The server that ran the job is gone. Its script may have run, in part or to its end; it was not run again.");

    public static JobOutcome TerminatedByAnOperator() => SaidByServer(
        Lifecycle.Terminated, JobState.Failure, "An operator has ended the job. Its script may have run, in part or to its end; it was not run again.");

    /// <summary>It was made, but its caller was told that nothing was run.</summary>
    public static JobOutcome NeverSubmitted { get; } = JobOutcome.Lost("The job was given up before it was started. Nothing was run: send the call again.");

    /// <summary>It could not be run, and no part of its script was.</summary>
    /// <param name="message">Why, in words for the task's user.</param>
    public static JobOutcome NotRun(string message) => SaidByServer(Lifecycle.Terminated, JobState.Failure, message);

    private static JobOutcome SaidByServer(Lifecycle lifecycle, JobState state, string message) =>
        SaidByServer(lifecycle, state, JobOutput.OfMessage(message), message);

    private static JobOutcome SaidByServer(Lifecycle lifecycle, JobState state, byte[] output, string log) => new()
    {
        Lifecycle = lifecycle,
        State = state,
        Output = output,
        Result = new JobResult { Log = log, LastLine = log, Output = output }.Render(),
    };
}
