using System.Globalization;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Scripts;

namespace SyncCluster.Execution;

/// <summary>
/// Reads the outcome of a job from its run, by the rules of TheEye, with one of our own: a script that a signal has ended has failed, whatever it had
/// printed. The exit code matters only where the task says so.
/// </summary>
internal static class OutcomeReader
{
    private static readonly string LineTooLong = string.Create(
        CultureInfo.InvariantCulture,
        $"The last line of the task's log, which is its output, was longer than {JobOutput.Limit} bytes. "
        + $"Have the task put out less, or a link to it.");

    private static readonly string LineTooDeep = string.Create(
        CultureInfo.InvariantCulture, $"The task's output nests deeper than {ScriptReport.MaxDepth} levels. Have the task put it out flatter.");

    /// <param name="run">The run.</param>
    /// <param name="spec">The job.</param>
    /// <param name="whyStopped">The reason, if the run was stopped by its caller.</param>
    public static JobOutcome Read(ScriptRun run, JobSpec spec, StopReason whyStopped) => run.End switch
    {
        ScriptEnd.Exited when run.Signal is { } signal => Failed(run, Lifecycle.Finished, JobState.Failure, JobOutput.OfMessage(Killed(signal))),
        ScriptEnd.Exited => Exited(run, spec),
        ScriptEnd.TimedOut => TimedOut(run),
        ScriptEnd.Stopped => Failed(run, Lifecycle.Terminated, whyStopped.State, JobOutput.OfMessage(whyStopped.Message)),
        _ => NotStarted(run),
    };

    private static JobOutcome Exited(ScriptRun run, JobSpec spec)
    {
        if (run.LastLine is null)
        {
            return Failed(run, Lifecycle.Finished, JobState.Failure, JobOutput.OfMessage(LineTooLong));
        }

        if (!ScriptReport.TryRead(run.LastLine, out var line))
        {
            return Failed(run, Lifecycle.Finished, JobState.Failure, JobOutput.OfMessage(LineTooDeep));
        }

        var output = line.Output is { } given ? JobOutput.Of(given) : JobOutput.Empty();
        if (output.Length > JobOutput.Limit)
        {
            return Failed(run, Lifecycle.Finished, JobState.Failure, JobOutput.TooLong(output.Length));
        }

        return new JobOutcome
        {
            Lifecycle = Lifecycle.Finished,
            State = spec.ExitCodeDecides && run.Code != 0
                ? JobState.Failure
                : StateOf(line.State) ?? StateOf(spec.DefaultStateEvaluation) ?? JobState.Success,
            Output = output,
            Result = ResultOf(run, line.Output is { } raw ? JsonText.Compact(raw) : null),
            TriggerName = line.EventName,
            Components = line.Components,
            Next = line.Next,
        };
    }

    private static string Killed(string signal) => $"The script was ended by {signal}, which the server did not send."
        + (signal == "SIGKILL" ? " The operating system sends it when memory runs out." : "");

    private static JobOutcome TimedOut(ScriptRun run)
    {
        var line = run.LastLine is { } text && ScriptReport.TryRead(text, out var read) ? read : null;
        return new JobOutcome
        {
            Lifecycle = Lifecycle.Terminated,
            State = JobState.Timeout,
            Output = JobOutput.Empty(),
            Result = ResultOf(run, null),
            TriggerName = JobState.Timeout.WireName(),
            Components = line?.Components,
            Next = line?.Next,
        };
    }

    private static JobOutcome NotStarted(ScriptRun run)
    {
        var fault = run.Fault ?? "The script could not be started.";
        var log = run.Log.Length == 0 ? fault : $"{run.Log}\n{fault}";
        return Failed(run with { Log = log, LastLine = fault }, Lifecycle.Terminated, JobState.Failure, JobOutput.OfMessage(fault));
    }

    private static JobOutcome Failed(ScriptRun run, Lifecycle lifecycle, JobState state, byte[] output) => new()
    {
        Lifecycle = lifecycle,
        State = state,
        Output = output,
        Result = ResultOf(run, output),
    };

    private static byte[] ResultOf(ScriptRun run, byte[]? output) => new JobResult
    {
        Code = run.Code,
        Log = run.Log,
        LastLine = LogCut.Line(run.LastLine ?? ""),
        Signal = run.Signal,
        Killed = run.End is ScriptEnd.TimedOut or ScriptEnd.Stopped,
        Elapsed = run.Elapsed,
        Output = output,
    }.Render();

    // Exactly these words, as in TheEye: "Success" counts as no state.
    private static JobState? StateOf(string? word) => word switch
    {
        "success" => JobState.Success,
        "failure" => JobState.Failure,
        _ => null,
    };
}
