using System.Text.Json.Nodes;
using SyncCluster.Cluster.Tests.Clusters;
using static SyncCluster.Cluster.Tests.Compatibility.Version01Cluster;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>What version 0.1 has stored in Redis is found, answered and run by this version. Where it ran scripts itself.</summary>
public abstract class StoredByVersion01Tests(Version01Cluster cluster)
{
    private protected Version01Cluster Cluster => cluster;

    private protected Recorded Recorded => cluster.Recorded;

    [ClusterFact]
    public Task A_job_that_has_ended_is_answered_byte_for_byte() => AnswersAsBeforeAsync(Recorded.Jobs);

    [ClusterFact]
    public Task A_task_is_listed_shown_and_exported_byte_for_byte() => AnswersAsBeforeAsync(Recorded.Tasks);

    [ClusterFact]
    public async Task A_repeat_with_the_same_key_gets_the_stored_job_and_runs_nothing()
    {
        await AnswersAsBeforeAsync(Recorded.Repeats.Where(repeat => repeat.Status != 422));
        Assert.DoesNotContain(cluster.Ran(), job => Recorded.Repeats.Any(repeat => repeat.JobId == job));
    }

    [ClusterFact]
    public Task A_repeat_with_other_arguments_is_refused() => AnswersAsBeforeAsync(Recorded.Repeats.Where(repeat => repeat.Status == 422));

    [ClusterFact]
    public async Task A_task_can_be_called_with_a_token_and_with_its_secret()
    {
        var greet = Recorded.TaskIds["greet"];
        var say = Recorded.TaskIds["say"];
        Exchange[] called =
        [
            await cluster.SendAsync(Call(greet, """["you"]""")),
            await cluster.SendAsync(Call(say, """["[\"said\"]"]""")),
            await cluster.SendAsync(Call(Recorded.TaskIds["echo"], "[1,2]")),
            await cluster.SendAsync(new("POST", $"/acme/task/{greet}/secret/{Recorded.Secrets["greet"]}/job") { Body = """["you"]""" }),
            await cluster.SendAsync(new("POST", "/demo/task/say/job") { Token = DemoToken, Body = """["[\"said\"]"]""" }),
        ];
        Assert.Equal(
            ["""["Grüß Gott, you!"]""", """["said"]""", """["1","2"]""", """["Grüß Gott, you!"]""", """["said"]"""],
            called.Select(call => call.Answer));
        Assert.Equal(401, (await cluster.SendAsync(new("POST", $"/acme/task/{greet}/secret/{Recorded.Secrets["say"]}/job") { Body = "[]" })).Status);
    }

    [ClusterFact]
    public async Task A_job_that_was_queued_runs_once_when_it_is_asked_for()
    {
        var job = Recorded.Unfinished["queued"].JobId!;
        await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ => Assert.Equal((200, """["waited"]"""), await ResultAsync(job))));
        Assert.Equal([job], cluster.Ran().Where(ran => ran == job));
    }

    [ClusterFact]
    public async Task A_job_that_was_queued_runs_once_when_its_call_is_repeated()
    {
        var call = Recorded.Unfinished["queued with a key"];
        var repeated = await cluster.SendAsync(call with { Prefer = null });
        Assert.Equal((200, call.JobId, """["waited"]"""), (repeated.Status, repeated.JobId, repeated.Answer));
        Assert.Equal([call.JobId!], cluster.Ran().Where(ran => ran == call.JobId));
    }

    [ClusterFact]
    public async Task A_job_whose_script_ran_ends_as_terminated_and_is_not_run_again()
    {
        var job = Recorded.Unfinished["running"].JobId!;
        await EndsAsLostAsync(job);
        Assert.DoesNotContain(job, cluster.Ran());
    }

    [ClusterFact]
    public async Task Jobs_of_a_serial_task_run_in_the_stored_order()
    {
        string[] jobs = [.. LocalRecording.SerialJobs.Select(name => Recorded.Unfinished[name].JobId!)];
        Assert.Equal((200, """["waited"]"""), await ResultAsync(jobs[2]));
        Assert.Equal((200, """["waited"]"""), await ResultAsync(jobs[1]));
        await EndsAsLostAsync(jobs[0]);
        Assert.Equal(jobs[1..], cluster.Ran().Where(jobs.Contains));
    }

    private static Exchange Call(string task, string arguments) =>
        new("POST", $"/acme/task/{task}/job") { Token = UserToken, Body = arguments };

    private async Task AnswersAsBeforeAsync(IEnumerable<Exchange> before)
    {
        foreach (var exchange in before)
        {
            Assert.Equal(WithLifecycleAsString(WithHiddenEnvironment(WithoutEventIds(exchange))), WithoutEventIds(await cluster.SendAsync(exchange)));
        }
    }

    /// <summary>The lifecycle alone is a string since then, as TheEye's is.</summary>
    private static Exchange WithLifecycleAsString(Exchange exchange) => exchange.Path.EndsWith("/lifecycle", StringComparison.Ordinal)
        ? exchange with { Answer = JsonNode.Parse(exchange.Answer)!["lifecycle"]!.ToJsonString() }
        : exchange;

    /// <summary>The ids of events name their job since then, and come after the data.</summary>
    private static Exchange WithoutEventIds(Exchange exchange) => exchange.ContentType == "text/event-stream"
        ? exchange with { Answer = string.Join('\n', exchange.Answer.Split('\n').Where(line => !line.StartsWith("id: ", StringComparison.Ordinal))) }
        : exchange;

    /// <summary>Only administrators see the values of a job's environment since then.</summary>
    private static Exchange WithHiddenEnvironment(Exchange exchange) => exchange with
    {
        Answer = exchange.Path.Contains("/job/", StringComparison.Ordinal)
            ? exchange.Answer.Replace("\"GREETING\":\"Grüß Gott\"", "\"GREETING\":\"\"", StringComparison.Ordinal)
            : exchange.Answer,
    };

    private async Task<(int Status, string Answer)> ResultAsync(string job)
    {
        var result = await cluster.SendAsync(new("GET", $"/acme/job/{job}/result") { Token = UserToken });
        return (result.Status, result.Answer);
    }

    private async Task EndsAsLostAsync(string job)
    {
        var result = await cluster.SendAsync(new("GET", $"/acme/job/{job}/result?full") { Token = UserToken });
        var document = JsonNode.Parse(result.Answer)!;
        Assert.Equal((500, "terminated", "failure"), (result.Status, (string?)document["lifecycle"], (string?)document["state"]));
        Assert.Contains("not run again", (string?)document["output"]![0], StringComparison.Ordinal);
    }
}
