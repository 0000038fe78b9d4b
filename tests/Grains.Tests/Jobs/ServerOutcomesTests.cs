using System.Text;
using System.Text.Json;
using SyncCluster.Jobs;

namespace SyncCluster.Grains.Tests.Jobs;

public sealed class ServerOutcomesTests
{
    [Fact]
    public void A_dummy_task_succeeds_with_its_arguments_as_output()
    {
        var end = ServerOutcomes.Dummy("""[null,"a",1.10]"""u8.ToArray());

        Assert.Equal((Lifecycle.Finished, JobState.Success), (end.Lifecycle, end.State));
        Assert.Equal("""["null","a","1.10"]""", Encoding.UTF8.GetString(end.Output));
        Assert.Equal(
            """{"code":null,"log":"","lastline":"","signal":null,"killed":false,"times":{"seconds":0,"nanoseconds":0},"output":[null,"a",1.10]}""",
            Encoding.UTF8.GetString(end.Result));
    }

    [Fact]
    public void A_dummy_task_without_arguments_has_an_empty_output() => Assert.Equal("[]"u8, ServerOutcomes.Dummy("[]"u8.ToArray()).Output);

    [Fact]
    public void A_dummy_task_whose_output_is_too_long_fails()
    {
        var end = ServerOutcomes.Dummy(Encoding.UTF8.GetBytes($"[\"{new string('x', JobOutput.Limit)}\"]"));

        Assert.Equal(JobState.Failure, end.State);
        Assert.Contains("1048580 bytes and the limit is 1048576", Encoding.UTF8.GetString(end.Output), StringComparison.Ordinal);
    }

    [Fact]
    public void An_end_that_the_server_decides_has_a_message()
    {
        AssertSays(ServerOutcomes.CanceledBeforeItRan(), Lifecycle.Canceled, JobState.Canceled, "The job was canceled before it ran.");
        AssertSays(ServerOutcomes.NotRun("No \"room\"."), Lifecycle.Terminated, JobState.Failure, "No \"room\".");
        AssertSays(
            ServerOutcomes.LostWithItsRunner(),
            Lifecycle.Terminated,
            JobState.Failure,
            "The server that ran the job is gone. Its script may have run, in part or to its end; it was not run again.");
    }

    private static void AssertSays(JobOutcome end, Lifecycle lifecycle, JobState state, string message)
    {
        using var output = JsonDocument.Parse(end.Output);
        using var result = JsonDocument.Parse(end.Result);

        Assert.Equal((lifecycle, state), (end.Lifecycle, end.State));
        Assert.Equal(message, Assert.Single(output.RootElement.EnumerateArray()).GetString());
        Assert.Equal(message, result.RootElement.GetProperty("log").GetString());
        Assert.Equal(message, Assert.Single(result.RootElement.GetProperty("output").EnumerateArray()).GetString());
    }
}
