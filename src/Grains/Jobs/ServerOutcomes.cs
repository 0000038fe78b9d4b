using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Jobs;

/// <summary>The ends of jobs that the server decides, not the run of a script.</summary>
internal static class ServerOutcomes
{
    /// <summary>
    /// The <see cref="JobRecord.Fault"/> of a job that was removed. The text is stored and compared; a gateway of version 0.1 gives it as its answer.
    /// </summary>
    public const string Removed = "The job was removed, with its answer, before its record has expired. It does not run again.";

    /// <summary>A dummy task ends at once. Its output is its arguments.</summary>
    /// <param name="boundArguments">JSON, UTF-8, an array.</param>
    public static JobOutcome Dummy(ReadOnlyMemory<byte> boundArguments)
    {
        using var arguments = JsonDocument.Parse(boundArguments, JsonText.DocumentOptions);
        var output = JobOutput.Of(arguments.RootElement);
        return output.Length > JobOutput.Limit
            ? OfServer(Lifecycle.Finished, JobState.Failure, JobOutput.TooLong(output.Length), "")
            : new()
            {
                Lifecycle = Lifecycle.Finished,
                State = JobState.Success,
                Output = output,
                Result = new JobResult { Output = JsonText.Compact(arguments.RootElement) }.Render(),
            };
    }

    public static JobOutcome CanceledBeforeItRan() =>
        OfServer(Lifecycle.Canceled, JobState.Canceled, "The job was canceled before it ran.");

    /// <summary>The runner is gone, so the result of its run is unknown.</summary>
    public static JobOutcome LostWithItsRunner() => OfServer(
        Lifecycle.Terminated,
        JobState.Failure,
        "The server that ran the job is gone. Its script may have run, in part or to its end; it was not run again.");

    public static JobOutcome TerminatedByAnOperator() => OfServer(
        Lifecycle.Terminated,
        JobState.Failure,
        "An operator has ended the job. Its script may have run, in part or to its end; it was not run again.");

    /// <summary>
    /// The job was allocated, but its caller was told that nothing was run. The text is stored, and compared with what silos of version 0.1 stored.
    /// </summary>
    public static JobOutcome NeverSubmitted { get; } =
        JobOutcome.Lost("The job was given up before it was started. Nothing was run: send the call again.");

    /// <summary>The job could not be run: no part of its script was.</summary>
    /// <param name="message">Why, for the caller of the task.</param>
    public static JobOutcome NotRun(string message) => OfServer(Lifecycle.Terminated, JobState.Failure, message);

    private static JobOutcome OfServer(Lifecycle lifecycle, JobState state, string message) =>
        OfServer(lifecycle, state, JobOutput.OfMessage(message), message);

    private static JobOutcome OfServer(Lifecycle lifecycle, JobState state, byte[] output, string log) => new()
    {
        Lifecycle = lifecycle,
        State = state,
        Output = output,
        Result = new JobResult { Log = log, LastLine = log, Output = output }.Render(),
    };
}
