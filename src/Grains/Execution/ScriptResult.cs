using System.Globalization;
using System.Text;
using System.Text.Json;
using SyncCluster.Execution.Local;
using SyncCluster.Jobs;
using SyncCluster.Json;

namespace SyncCluster.Execution;

/// <summary>Why a run was stopped from outside.</summary>
internal enum StopCause
{
    Canceled,
    ServerStopped,
}

/// <summary>Reads the end of a run the way TheEye does: from the last line of its log. The exit code decides nothing.</summary>
internal static class ScriptResult
{
    private const string Success = "success";
    private const string Failure = "failure";

    /// <param name="run">What the runner says of it.</param>
    /// <param name="defaultState">The task's <c>default_state_evaluation</c>: the state of a script that says neither success nor failure.</param>
    /// <param name="stopCause">Why it was stopped, where it was.</param>
    public static JobOutcome Read(ScriptRun run, string? defaultState, StopCause stopCause) => run.End switch
    {
        ScriptEnd.Exited when run.LastLine is null => TooLarge(run, "more than 2 MiB"),
        ScriptEnd.Exited => OfExited(run, defaultState),
        ScriptEnd.TimedOut => Ended(run, Lifecycle.Terminated, JobState.Timeout, Said(run.LastLine).Output) with { TriggerName = "timeout" },
        ScriptEnd.Stopped when stopCause == StopCause.Canceled => Ended(run, Lifecycle.Terminated, JobState.Canceled, Said(run.LastLine).Output),
        ScriptEnd.Stopped => Ended(
            run, Lifecycle.Terminated, JobState.Failure, StoredOutput.Single("The server was stopped while the script ran. It was not run again.")),
        _ => Ended(
            run with { Log = run.Fault!, LastLine = run.Fault! }, Lifecycle.Terminated, JobState.Failure, StoredOutput.Single(run.Fault!)),
    };

    private static JobOutcome OfExited(ScriptRun run, string? defaultState)
    {
        var said = Said(run.LastLine);
        if (said.Output.Length > StoredOutput.Limit)
        {
            return TooLarge(run, string.Create(CultureInfo.InvariantCulture, $"{said.Output.Length} bytes"));
        }

        var word = said.State is Success or Failure ? said.State : defaultState is Success or Failure ? defaultState : Success;
        return Ended(run, Lifecycle.Finished, word == Success ? JobState.Success : JobState.Failure, said.Output) with
        {
            TriggerName = said.EventName,
            Components = said.Components,
            Next = said.Next,
        };
    }

    private static JobOutcome TooLarge(ScriptRun run, string size) => Ended(
        run with { LastLine = "" },
        Lifecycle.Finished,
        JobState.Failure,
        StoredOutput.Single(string.Create(
            CultureInfo.InvariantCulture,
            $"The script's output is {size}, and {StoredOutput.Limit} bytes are kept at most. Have the script store it elsewhere and put out where.")));

    private static JobOutcome Ended(ScriptRun run, Lifecycle lifecycle, JobState state, byte[] output) => new()
    {
        Lifecycle = lifecycle,
        State = state,
        Output = output.Length > StoredOutput.Limit ? StoredOutput.Empty : output,
        Result = new JobResult
        {
            Code = run.Code,
            Log = run.Log,
            LastLine = run.LastLine ?? "",
            Signal = run.Signal,
            Killed = run.End is ScriptEnd.TimedOut or ScriptEnd.Stopped,
            Elapsed = run.Elapsed,
            Output = output.Length > StoredOutput.Limit ? StoredOutput.Empty : output,
        }.Render(),
    };

    /// <summary>What the last line says.</summary>
    private static LastWord Said(string? line)
    {
        if (line is null or "" || !JsonText.TryParse(Encoding.UTF8.GetBytes(line), out var document))
        {
            return new LastWord { State = line };
        }

        using (document)
        {
            var root = document.RootElement;
            return root.ValueKind switch
            {
                JsonValueKind.Object => OfObject(root),
                JsonValueKind.Array => new LastWord { Output = StoredOutput.Of(root) },
                JsonValueKind.String => new LastWord { State = root.GetString(), Output = StoredOutput.Of(root) },
                _ => new LastWord(),
            };
        }
    }

    private static LastWord OfObject(JsonElement root)
    {
        var output = Member(root, "output") ?? Member(root, "data") ?? root;
        var isEmpty = output.ValueKind == JsonValueKind.String && output.GetString()!.Length == 0;
        return new LastWord
        {
            State = Text(root, "state"),
            Output = isEmpty ? StoredOutput.Empty : StoredOutput.Of(output),
            EventName = Text(root, "event_name"),
            Components = Raw(root, "components"),
            Next = Raw(root, "next"),
        };
    }

    /// <summary>A member that says something: absent and null are the same.</summary>
    private static JsonElement? Member(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement root, string name) =>
        Member(root, name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 } text ? text : null;

    private static byte[]? Raw(JsonElement root, string name) =>
        Member(root, name) is { } value ? Encoding.UTF8.GetBytes(JsonText.Compact(value)) : null;

    private sealed record LastWord
    {
        public string? State { get; init; }

        public byte[] Output { get; init; } = StoredOutput.Empty;

        public string? EventName { get; init; }

        public byte[]? Components { get; init; }

        public byte[]? Next { get; init; }
    }
}
