using System.Text;
using System.Text.Json;
using SyncCluster.Execution;
using SyncCluster.Grains.Tests.Jobs;
using SyncCluster.Jobs;
using SyncCluster.Scripts;

namespace SyncCluster.Grains.Tests.Execution;

/// <summary>How the outcome of a job is read from its run.</summary>
public sealed class OutcomeReaderTests
{
    [Theory]
    [InlineData("""{"state":"success","data":{"n":1.10}}""", "success", """["{\"n\":1.10}"]""", """{"n":1.10}""")]
    [InlineData("""{"state":"failure","data":"no"}""", "failure", """["no"]""", "\"no\"")]
    [InlineData("""{"state":"failure","output":[1, "a"],"data":"b"}""", "failure", """["1","a"]""", """[1,"a"]""")]
    [InlineData("""{"output":"[1,{}]"}""", "success", """["1","{}"]""", "\"[1,{}]\"")]
    [InlineData("""{"output":0,"data":""}""", "success", """["{\"output\":0,\"data\":\"\"}"]""", """{"output":0,"data":""}""")]
    [InlineData("""{"output":[],"data":"b"}""", "success", "[]", "[]")]
    [InlineData("""{"state":"failure"}""", "failure", """["{\"state\":\"failure\"}"]""", """{"state":"failure"}""")]
    [InlineData("""{"state":"Failure","data":1}""", "success", """["1"]""", "1")]
    [InlineData("""{"state":true,"data":1}""", "success", """["1"]""", "1")]
    [InlineData("""{"state":"success","state":"failure","data":1,"data":2}""", "failure", """["2"]""", "2")]
    [InlineData("""{"\ud800":1,"__proto__":{"state":"failure"},"data":"\ud800"}""", "success", """["\ud800"]""", "\"\\ud800\"")]
    [InlineData("""[1, "a", {"b": 2.0}, null]""", "success", """["1","a","{\"b\":2.0}","null"]""", """[1,"a",{"b":2.0},null]""")]
    [InlineData("[]", "success", "[]", "[]")]
    [InlineData("\"failure\"", "failure", """["failure"]""", "\"failure\"")]
    [InlineData("\"[1,2]\"", "success", """["1","2"]""", "\"[1,2]\"")]
    [InlineData("\"\"", "success", "[]", "null")]
    [InlineData("42", "success", "[]", "null")]
    [InlineData("null", "success", "[]", "null")]
    [InlineData("true", "success", "[]", "null")]
    [InlineData("failure", "failure", "[]", "null")]
    [InlineData("FAILURE", "success", "[]", "null")]
    [InlineData("done", "success", "[]", "null")]
    [InlineData("{broken", "success", "[]", "null")]
    [InlineData("", "success", "[]", "null")]
    public void State_and_output_are_read_from_the_last_line(string lastLine, string state, string output, string resultOutput)
    {
        var outcome = Read(Exited(lastLine));

        Assert.Equal((Lifecycle.Finished, state), (outcome.Lifecycle, outcome.State.WireName()));
        Assert.Equal(output, Encoding.UTF8.GetString(outcome.Output));
        Assert.EndsWith($",\"output\":{resultOutput}}}", Encoding.UTF8.GetString(outcome.Result), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("done", "failure", JobState.Failure)]
    [InlineData("done", "success", JobState.Success)]
    [InlineData("done", null, JobState.Success)]
    [InlineData("done", "whatever", JobState.Success)]
    [InlineData("success", "failure", JobState.Success)]
    [InlineData("{}", "failure", JobState.Failure)]
    public void A_script_that_reports_no_state_gets_the_default_of_its_task(string lastLine, string? defaultState, JobState state) =>
        Assert.Equal(state, OutcomeReader.Read(Exited(lastLine), JobSamples.Spec() with { DefaultStateEvaluation = defaultState }, StopReason.Canceled).State);

    [Fact]
    public void The_exit_code_does_not_matter() => Assert.Equal(JobState.Success, Read(Exited("success") with { Code = 1 }).State);

    [Theory]
    [InlineData("""{"state":"success","data":"x"}""", 1, JobState.Failure)]
    [InlineData("done", 137, JobState.Failure)]
    [InlineData("done", 0, JobState.Success)]
    [InlineData("failure", 0, JobState.Failure)]
    public void The_exit_code_decides_where_the_task_says_so(string lastLine, int code, JobState state)
    {
        var outcome = OutcomeReader.Read(Exited(lastLine) with { Code = code }, JobSamples.Spec() with { ExitCodeDecides = true }, StopReason.Canceled);

        Assert.Equal((Lifecycle.Finished, state), (outcome.Lifecycle, outcome.State));
        Assert.Equal(lastLine.Contains('x', StringComparison.Ordinal) ? """["x"]""" : "[]", Text(outcome.Output));
    }

    [Theory]
    [InlineData("success")]
    [InlineData("""{"state":"success","output":{"statusCode":200},"event_name":"go"}""")]
    [InlineData("")]
    [InlineData(null)]
    public void A_script_that_a_signal_has_ended_has_failed_whatever_it_had_printed(string? lastLine)
    {
        var outcome = Read(new ScriptRun { End = ScriptEnd.Exited, Signal = "SIGKILL", Log = lastLine ?? "", LastLine = lastLine });

        Assert.Equal((Lifecycle.Finished, JobState.Failure, null), (outcome.Lifecycle, outcome.State, outcome.TriggerName));
        Assert.StartsWith("[\"The script was ended by SIGKILL, which the server did not send.", Text(outcome.Output), StringComparison.Ordinal);
        using var result = JsonDocument.Parse(outcome.Result);
        Assert.Equal("SIGKILL", result.RootElement.GetProperty("signal").GetString());
        Assert.Equal(JsonValueKind.Null, result.RootElement.GetProperty("code").ValueKind);
        Assert.False(result.RootElement.GetProperty("killed").GetBoolean());
    }

    [Theory]
    [InlineData("""{"components":{"c": 1.0},"next":[2.0],"event_name":"go"}""", """{"c":1.0}""", "[2.0]", "go")]
    [InlineData("""{"components":0,"next":"","event_name":null}""", null, null, null)]
    [InlineData("""{"components":"c","event_name":7}""", "\"c\"", null, "7")]
    [InlineData("""{"event_name":{}}""", null, null, null)]
    [InlineData("""[{"components":1}]""", null, null, null)]
    [InlineData("text", null, null, null)]
    public void Components_next_and_event_name_are_read_from_the_last_line(string lastLine, string? components, string? next, string? eventName)
    {
        var outcome = Read(Exited(lastLine));

        Assert.Equal(components, Text(outcome.Components));
        Assert.Equal(next, Text(outcome.Next));
        Assert.Equal(eventName, outcome.TriggerName);
    }

    [Fact]
    public void The_result_describes_the_run()
    {
        var run = Exited("7") with { Code = 3, Log = "é😀\"\n7", Elapsed = TimeSpan.FromTicks(12_345_678) };

        Assert.Equal(
            """{"code":3,"log":"é😀\"\n7","lastline":"7","signal":null,"killed":false,"times":{"seconds":1,"nanoseconds":234567800},"output":null}""",
            Encoding.UTF8.GetString(Read(run).Result));
    }

    [Fact]
    public void A_run_that_timed_out_is_terminated_and_its_last_line_is_no_output()
    {
        var outcome = Read(Exited("""{"state":"success","data":1,"event_name":"go","next":2}""") with { End = ScriptEnd.TimedOut, Code = null, Signal = "SIGKILL" });

        Assert.Equal((Lifecycle.Terminated, JobState.Timeout, "timeout"), (outcome.Lifecycle, outcome.State, outcome.TriggerName));
        Assert.Equal(("[]", "2"), (Text(outcome.Output), Text(outcome.Next)));
        Assert.Contains("\"signal\":\"SIGKILL\",\"killed\":true", Text(outcome.Result), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_timed_out_may_have_a_last_line_that_was_too_long() =>
        Assert.Equal(JobState.Timeout, Read(Exited("") with { End = ScriptEnd.TimedOut, LastLine = null }).State);

    [Fact]
    public void A_stopped_run_ends_by_the_reason_of_the_stop()
    {
        var run = Exited("success") with { End = ScriptEnd.Stopped, Signal = "SIGTERM" };

        var canceled = OutcomeReader.Read(run, JobSamples.Spec(), StopReason.Canceled);
        var failed = OutcomeReader.Read(run, JobSamples.Spec(), StopReason.Failure("The server stops."));

        Assert.Equal((Lifecycle.Terminated, JobState.Canceled), (canceled.Lifecycle, canceled.State));
        Assert.Equal("""["The job was canceled while it ran."]""", Text(canceled.Output));
        Assert.Equal((Lifecycle.Terminated, JobState.Failure), (failed.Lifecycle, failed.State));
        Assert.Equal("""["The server stops."]""", Text(failed.Output));
        Assert.Contains("\"killed\":true", Text(failed.Result), StringComparison.Ordinal);
    }

    [Fact]
    public void The_outcome_of_a_run_that_did_not_start_says_why()
    {
        var outcome = Read(new ScriptRun { End = ScriptEnd.NotStarted, Fault = "No \"disk\"." });

        Assert.Equal((Lifecycle.Terminated, JobState.Failure), (outcome.Lifecycle, outcome.State));
        Assert.Equal("""["No \"disk\"."]""", Text(outcome.Output));
        Assert.StartsWith("""{"code":null,"log":"No \"disk\".",""", Text(outcome.Result), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\u0001")]
    [InlineData("\ufffd")]
    [InlineData("\"")]
    [InlineData("x\n")]
    public void What_a_script_prints_is_stored_in_bounded_space_whatever_it_is(string text)
    {
        var log = new ScriptLog();
        var printed = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(text, 2_000_000 / Encoding.UTF8.GetByteCount(text))));
        log.Append(printed);
        var outcome = Read(Exited(log.LastLine!) with { Log = log.Text() });

        Assert.InRange(outcome.Result.Length, 0, (2 * ScriptLog.StoredCapacity) + 1024);
        using var result = JsonDocument.Parse(outcome.Result);
        Assert.EndsWith(" bytes were cut here …]", result.RootElement.GetProperty("log").GetString()!.Split('\n').Single(line => line.Contains('…')), StringComparison.Ordinal);
    }

    [Fact]
    public void A_last_line_that_is_too_long_to_be_stored_loses_its_end()
    {
        var line = new string('\u0001', 1_000_000);
        using var result = JsonDocument.Parse(Read(Exited(line)).Result);
        var stored = result.RootElement.GetProperty("lastline").GetString()!;
        var kept = stored.IndexOf('[', StringComparison.Ordinal);
        Assert.Equal($"{line[..kept]}[… {line.Length - kept} bytes were cut here …]", stored);
        Assert.InRange(StoredText.Length(Encoding.UTF8.GetBytes(stored)), ScriptLog.StoredCapacity - 200, ScriptLog.StoredCapacity);
    }

    [Theory]
    [InlineData(JobOutput.Limit - 4, JobState.Success)]
    [InlineData(JobOutput.Limit - 3, JobState.Failure)]
    public void An_output_over_the_limit_fails_the_job(int length, JobState state)
    {
        var outcome = Read(Exited($"[\"{new string('x', length)}\"]"));

        Assert.Equal((Lifecycle.Finished, state), (outcome.Lifecycle, outcome.State));
        Assert.InRange(outcome.Output.Length, 0, JobOutput.Limit);
        if (state == JobState.Failure)
        {
            using var output = JsonDocument.Parse(outcome.Output);
            Assert.StartsWith(
                "The task's output was 1048577 bytes and the limit is 1048576.",
                Assert.Single(output.RootElement.EnumerateArray()).GetString(),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_last_line_that_was_too_long_fails_the_job()
    {
        var outcome = Read(Exited("") with { LastLine = null });

        Assert.Equal(JobState.Failure, outcome.State);
        Assert.Contains("longer than 1048576 bytes", Text(outcome.Output), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(254, JobState.Success)]
    [InlineData(255, JobState.Failure)]
    [InlineData(500_000, JobState.Failure)]
    public void An_output_that_nests_too_deep_fails_the_job(int depth, JobState state)
    {
        var outcome = Read(Exited(new string('[', depth) + new string(']', depth)));

        Assert.Equal(state, outcome.State);
        Assert.Equal(state == JobState.Failure, Text(outcome.Output)!.Contains("nests deeper than 254", StringComparison.Ordinal));
    }

    private static ScriptRun Exited(string lastLine) => new() { End = ScriptEnd.Exited, Code = 0, Log = lastLine, LastLine = lastLine };

    private static JobOutcome Read(ScriptRun run) => OutcomeReader.Read(run, JobSamples.Spec(), StopReason.Canceled);

    private static string? Text(byte[]? json) => json is null ? null : Encoding.UTF8.GetString(json);
}
