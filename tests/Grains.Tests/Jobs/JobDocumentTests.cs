using System.Text;
using System.Text.Json;
using SyncCluster.Execution;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Scripts;

namespace SyncCluster.Grains.Tests.Jobs;

public sealed class JobDocumentTests
{
    private static readonly JobRecord Waiting = JobRecord.Fenced(JobSamples.Spec(), Guid.NewGuid(), null!, JobSamples.Now);

    [Fact]
    public void The_document_of_a_waiting_job_shows_its_call()
    {
        const string Expected =
            """
            {"id":"61f3e937c38201da80f96c27","_type":"ScriptJob","name":"Task \"é\"","task_id":"t1","customer_name":"acme",
            "lifecycle":"ready","state":"in_progress","trigger_name":null,"user":{"username":"joe","email":"joe@acme.example"},
            "task_arguments_values":["1.10",0.0],"env":{"NODE_ENV":""},"script_runas":"node %script%","timeout":30000,
            "components":null,"next":null,"result":null,"output":null,
            "creation_date":"2024-01-02T03:04:05.678Z","last_update":"2024-01-02T03:04:05.678Z"}
            """;

        Assert.Equal(Expected.ReplaceLineEndings(""), Encoding.UTF8.GetString(JobDocument.Render(Waiting)));
    }

    [Fact]
    public void The_document_of_a_finished_job_shows_its_result_with_the_user_and_every_digit()
    {
        var outcome = JobSamples.Outcome() with { TriggerName = "go", Components = """{"c":1.0}"""u8.ToArray(), Next = "[2.0]"u8.ToArray() };
        const string Expected =
            """
            {"id":"61f3e937c38201da80f96c27","_type":"ScriptJob","name":"Task \"é\"","task_id":"t1","customer_name":"acme",
            "lifecycle":"finished","state":"success","trigger_name":"go","user":{"username":"joe","email":"joe@acme.example"},
            "task_arguments_values":["1.10",0.0],"env":{"NODE_ENV":""},"script_runas":"node %script%","timeout":30000,
            "components":{"c":1.0},"next":[2.0],
            "result":{"code":0,"log":"x","output":{"n":1.10},"user":{"username":"joe","email":"joe@acme.example"}},
            "output":["{\"n\":1.10}"],
            "creation_date":"2024-01-02T03:04:05.678Z","last_update":"2024-01-02T03:05:05.678Z"}
            """;

        var document = JobDocument.Render(Waiting, outcome, JobSamples.Now.AddMinutes(1));

        Assert.Equal(Expected.ReplaceLineEndings(""), Encoding.UTF8.GetString(document));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData(" { } ")]
    [InlineData("{\"a\":1 }\n")]
    public void The_user_is_added_to_a_result_of_any_layout(string result)
    {
        var bytes = JobDocument.Render(Waiting, JobSamples.Outcome() with { Result = Encoding.UTF8.GetBytes(result) }, JobSamples.Now);

        using var document = JsonDocument.Parse(bytes);
        Assert.Equal("joe", document.RootElement.GetProperty("result").GetProperty("user").GetProperty("username").GetString());
    }

    [Fact]
    public void The_trigger_name_of_a_job_without_an_event_is_its_state()
    {
        using var document = JsonDocument.Parse(JobDocument.Render(Waiting, JobSamples.Outcome(state: JobState.Failure), JobSamples.Now));

        Assert.Equal("failure", document.RootElement.GetProperty("trigger_name").GetString());
    }

    [Fact]
    public void An_ended_job_keeps_the_document_of_its_end()
    {
        var ended = Waiting.Ended(JobSamples.Outcome(), JobSamples.Now);

        Assert.Same(ended.Document, JobDocument.Render(ended));
    }

    [Fact]
    public void The_document_of_a_job_with_the_deepest_allowed_output_can_be_read()
    {
        var deep = new string('[', ScriptReport.MaxDepth) + new string(']', ScriptReport.MaxDepth);
        var outcome = JobSamples.Outcome() with { Result = Encoding.UTF8.GetBytes($"{{\"output\":{deep}}}") };

        Assert.True(JsonText.TryParse(JobDocument.Render(Waiting, outcome, JobSamples.Now), out var document));
        document.Dispose();
    }

    [Theory]
    [InlineData("""{"A":"secret","B":"","é\"":"\n"}""", """{"A":"","B":"","é\"":""}""")]
    [InlineData("""{}""", """{}""")]
    public void Without_its_environment_a_document_has_the_names_and_else_every_byte(string env, string shown)
    {
        const string Document = """{"task_arguments_values":[{"env":{"A":1.10}}, "\ud800"], "env":ENV,"result":{"env":{"A":"x"}} }""";
        var bytes = Encoding.UTF8.GetBytes(Document.Replace("ENV", env, StringComparison.Ordinal));

        var visible = Encoding.UTF8.GetString(JobDocument.WithoutEnvironment(bytes));

        Assert.Equal(Document.Replace("ENV", shown, StringComparison.Ordinal), visible);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("""{"env":{"A":"secret"}""")]
    [InlineData("""{"id":"1"}""")]
    public void Nothing_is_shown_of_a_document_whose_environment_can_not_be_found(string document) =>
        Assert.Empty(JobDocument.WithoutEnvironment(Encoding.UTF8.GetBytes(document)));

    /// <summary>A last line is a head, a filler as often as it fits, and a tail.</summary>
    [Theory]
    [InlineData("", "\u0001", "")]
    [InlineData("[\"", "\\u0001", "\"]")]
    [InlineData("[\"", "\\\"", "\"]")]
    [InlineData("[", "0,", "0]")]
    [InlineData("\"[", " ", "]\"")]
    [InlineData("{\"output\":\"", "\u2028", "\"}")]
    [InlineData("{\"output\":\"a\",\"components\":[\"", "\\u0001", "\"]}")]
    [InlineData("{\"state\":\"failure\",\"event_name\":\"", "\\u0001", "\"}")]
    [InlineData("{\"next\":[\"", "\\\\", "\"]}")]
    public void No_document_is_longer_than_its_limit_whatever_a_script_prints(string head, string filler, string tail)
    {
        var spec = JobSamples.Spec();
        var arguments = JobDocument.CallLimit - JobDocument.SizeOfCall(spec with { Arguments = [] });
        spec = spec with { Arguments = Encoding.UTF8.GetBytes($"[\"{new string('x', (int)arguments - 4)}\"]") };
        Assert.Equal(JobDocument.CallLimit, JobDocument.SizeOfCall(spec));
        var record = JobRecord.Fenced(spec, Guid.NewGuid(), null!, JobSamples.Now);

        // In some of these sizes the output is within its own limit.
        foreach (var length in (int[])[ScriptLog.LineCapacity, JobOutput.Limit, JobOutput.Limit / 2, JobOutput.Limit / 4])
        {
            var log = new ScriptLog();
            log.Append(Encoding.UTF8.GetBytes(new string('\u0001', ScriptLog.Capacity) + "\n"));
            var count = (length - head.Length - tail.Length) / Encoding.UTF8.GetByteCount(filler);
            log.Append(Encoding.UTF8.GetBytes($"{head}{string.Concat(Enumerable.Repeat(filler, count))}{tail}"));
            var run = new ScriptRun { End = ScriptEnd.Exited, Code = 0, Log = log.Text(), LastLine = log.LastLine };
            Assert.NotNull(run.LastLine);
            var document = JobDocument.Render(record, OutcomeReader.Read(run, spec, StopReason.Canceled), JobSamples.Now);
            Assert.InRange(document.Length, JobDocument.CallLimit, JobDocument.Limit);
        }
    }
}
