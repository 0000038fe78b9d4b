using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>What a client gets when TheEye fails.</summary>
public sealed class TheEyeFailureTests(TheEyeFailureTests.Server server) : IClassFixture<TheEyeFailureTests.Server>, IDisposable
{
    private static readonly Dictionary<string, Fault> Faults = new()
    {
        ["500"] = Fault.Status(500, "{\"message\":\"broken\"}"),
        ["503"] = Fault.Html(503),
        ["HTML"] = Fault.Html(200),
        ["no JSON"] = Fault.NotJson(),
        ["nothing"] = Fault.EmptyBody(),
        ["an array"] = Fault.Status(200, "[]"),
        ["no job"] = Fault.Status(200, "{\"id\":\"../../etc\",\"lifecycle\":\"finished\"}"),
        ["half an answer"] = Fault.CutOff(),
        ["a reset"] = Fault.ResetBefore(),
        ["a redirect"] = Fault.Redirect("http://127.0.0.1:1/"),
        ["a bomb"] = Fault.GzipBomb(200_000_000),
        ["silence"] = Fault.Hang(),
    };

    public void Dispose() => server.TheEye.Faults.Clear();

    [Theory]
    [InlineData("500", 502, "TheEye's supervisor has failed with status 500. Nothing was run: try again.")]
    [InlineData("503", 502, "TheEye's supervisor has failed with status 503. Nothing was run: try again.")]
    [InlineData("HTML", 502, "TheEye's supervisor has given an answer that can't be read. Nothing was run: try again.")]
    [InlineData("no JSON", 502, "TheEye's supervisor has given an answer that can't be read. Nothing was run: try again.")]
    [InlineData("nothing", 502, "TheEye's supervisor has given an answer that can't be read. Nothing was run: try again.")]
    [InlineData("an array", 502, "TheEye's supervisor has given an answer that can't be read. Nothing was run: try again.")]
    [InlineData("no job", 502, "TheEye's supervisor has given an answer that can't be read. Nothing was run: try again.")]
    [InlineData("half an answer", 502, "TheEye's supervisor has broken off its answer. Nothing was run: try again.")]
    [InlineData("a reset", 502, "TheEye's supervisor has broken off its answer. Nothing was run: try again.")]
    [InlineData("a redirect", 502, "TheEye's supervisor has failed with status 302. Nothing was run: try again.")]
    [InlineData("a bomb", 502, "TheEye's supervisor has answered with more than this server takes (TheEye:DocumentLimit). Nothing was run: try again.")]
    [InlineData(
        "silence",
        504,
        "TheEye's supervisor has not answered in time (it never does if the task's access list refuses the request). Nothing was run: try again.")]
    public async Task A_job_that_can_not_be_made_is_a_clear_error_and_is_not_run(string fault, int status, string message)
    {
        var task = server.AddTask();
        server.TheEye.Faults.Next(Step.Create, Faults[fault], id: task);
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", json: "[]");
        Assert.Equal((status, message), await ProblemAsync(response));
        Assert.Equal("2", response.Headers.GetValues("Retry-After").Single());
        Assert.DoesNotContain(server.TheEye.Jobs, job => job.Task.Id == task && job.Runs > 0);
        Assert.Equal((200, "[]"), await server.CallAsync(task));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(422)]
    public async Task A_refusal_of_TheEye_passes_through_with_its_message(int status)
    {
        var task = server.AddTask();
        server.TheEye.Faults.Next(Step.Create, Fault.Status(status, $$"""{"message":"It is {{status}}."}"""), id: task);
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", json: "[]");
        Assert.Equal((status, $"It is {status}."), await ProblemAsync(response));
    }

    [Fact]
    public async Task The_words_of_a_refusal_that_is_a_JSON_string_pass_through()
    {
        using var unknown = await server.SendAsync(HttpMethod.Post, "/acme/task/5f00000000000000000000ff/job", json: "[]");
        Assert.Equal((404, "task not found"), await ProblemAsync(unknown));
        using var noJob = await server.SendAsync(HttpMethod.Get, "/acme/job/5f00000000000000000000ee");
        Assert.Equal((404, "job 5f00000000000000000000ee not found"), await ProblemAsync(noJob));
    }

    [Theory]
    [InlineData("500", 502)]
    [InlineData("HTML", 502)]
    [InlineData("nothing", 502)]
    [InlineData("half an answer", 502)]
    [InlineData("a redirect", 502)]
    public async Task A_token_that_can_not_be_checked_is_refused(string fault, int status)
    {
        var token = $"token-{Guid.NewGuid()}";
        var task = server.AddTask();
        server.AddUser(token, "nora");

        // A read is tried three times.
        server.TheEye.Faults.Next(Step.Profile, Faults[fault], times: 3);
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", token, "[]");
        var (given, message) = await ProblemAsync(response);
        Assert.Equal(status, given);
        Assert.EndsWith("The token could not be checked, and nothing was run: try again.", message, StringComparison.Ordinal);
        server.TheEye.Faults.Clear();
        Assert.Equal((200, "[]"), await server.CallAsync(task, token: token));
    }

    [Theory]
    [InlineData("500")]
    [InlineData("503")]
    [InlineData("HTML")]
    [InlineData("nothing")]
    [InlineData("half an answer")]
    [InlineData("a reset")]
    [InlineData("silence")]
    public async Task An_answer_that_can_not_be_read_at_first_is_read_again(string fault)
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 1 });
        server.TheEye.Faults.Next(Step.Job, Faults[fault], times: fault == "silence" ? 1 : 4);
        Assert.Equal((200, "[\"a\"]"), await server.CallAsync(task, "[\"a\"]"));
    }

    [Fact]
    public async Task A_document_of_10_MiB_arrives_whole()
    {
        var task = server.AddTask();
        server.TheEye.Faults.Always(Step.Job, Fault.Large(10 << 20));
        var (status, body) = await server.CallAsync(task, flags: "?full");
        Assert.Equal(200, status);
        Assert.InRange(body.Length, 10 << 20, 11 << 20);
        Assert.Equal("finished", JsonNode.Parse(body)!["lifecycle"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_document_that_is_too_large_is_a_502_that_says_what_to_set()
    {
        var task = server.AddTask();
        server.TheEye.Faults.Always(Step.Job, Fault.Large(17 << 20));
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", json: "[]");
        var (status, message) = await ProblemAsync(response);
        Assert.Equal(502, status);
        Assert.Contains("TheEye:DocumentLimit", message, StringComparison.Ordinal);
        Assert.NotNull(response.Headers.Location);
    }

    [Theory]
    [InlineData(Step.Create)]
    [InlineData(Step.Job)]
    [InlineData(Step.Synced)]
    public async Task A_zipped_answer_is_read(Step step)
    {
        var task = server.AddTask();
        server.TheEye.Faults.Next(step, Fault.Gzip());
        Assert.Equal((200, "[]"), await server.CallAsync(task));
    }

    [Fact]
    public async Task A_job_that_TheEye_has_deleted_is_a_502_that_names_the_setting()
    {
        var task = server.AddTask();
        var gate = FaultGate.BeforeActing();
        server.TheEye.Faults.Next(Step.Job, gate);
        var call = server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", json: "[]");
        await gate.Arrived;
        server.TheEye.Delete(server.TheEye.Jobs.Single(job => job.Task.Id == task).Id);
        gate.Open();
        using var response = await call;
        var (status, message) = await ProblemAsync(response);
        Assert.Equal(502, status);
        Assert.Contains("autoremove_completed_jobs", message, StringComparison.Ordinal);
        var job = response.Headers.GetValues("Job-Id").Single();
        using var again = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        Assert.Equal((502, message), await ProblemAsync(again));
    }

    [Theory]
    [InlineData(TaskType.Dummy)]
    [InlineData(TaskType.Notification)]
    public async Task A_task_that_ends_when_it_is_made_is_answered_at_once(TaskType type)
    {
        var task = server.AddTask(new TheEyeTask { Type = type, ArgumentCount = 1 });
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", json: "[\"a\"]");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(server.TheEye.Jobs.Single(job => job.Task.Id == task).Id, response.Headers.GetValues("Job-Id").Single());
    }

    [Fact]
    public async Task Wrong_arguments_are_answered_with_the_job_that_TheEye_has_made_of_them()
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 2 });
        var (status, body) = await server.CallAsync(task, "[1]", "?full");
        Assert.Equal(500, status);
        Assert.Equal(("terminated", "error"), (Word(body, "lifecycle"), Word(body, "state")));
    }

    [Fact]
    public async Task An_approval_is_answered_when_somebody_has_given_it()
    {
        var task = server.AddTask(new TheEyeTask { Type = TaskType.Approval });
        var call = server.CallAsync(task, flags: "?full");
        await TestServer.UntilAsync(() => server.Hub.Waiters == 1);
        var job = server.TheEye.Jobs.Single(job => job.Task.Id == task);
        Assert.Equal("onhold", job.Lifecycle);
        Assert.False(call.IsCompleted);
        Assert.True(server.TheEye.Approve(job.Id));
        var (status, body) = await call;
        Assert.Equal((200, "finished"), (status, Word(body, "lifecycle")));
        Assert.Equal(0, server.TheEye.Job(job.Id).SyncedCalls);
    }

    [Fact, Trait(WaitingRules.Trait, "I1")]
    public async Task A_job_that_has_ended_before_its_release_is_answered_is_answered_meanwhile()
    {
        var task = server.AddTask();
        var gate = FaultGate.BeforeAnswering();
        server.TheEye.Faults.Next(Step.Synced, gate);
        Assert.Equal((200, "[]"), await server.CallAsync(task));
        Assert.Equal(1, gate.Arrivals);
        gate.Open();
    }

    [Fact]
    public async Task A_message_that_comes_twice_or_of_no_job_does_no_harm()
    {
        var task = server.AddTask();
        server.TheEye.Faults.Next(Step.Publish, Fault.Twice());
        await server.PublishAsync($"{FrontServer.CustomerId}:job-finished:0123456789abcdef01234567", "{}");
        await server.PublishAsync(":job-finished:", "");
        await server.PublishAsync("::job-finished::::", "\0");
        Assert.Equal((200, "[]"), await server.CallAsync(task));
    }

    [Fact]
    public async Task A_message_that_comes_too_early_does_not_end_the_wait()
    {
        var task = server.AddTask(new TheEyeTask { Type = TaskType.Approval });
        var call = server.CallAsync(task, flags: "?full");
        await TestServer.UntilAsync(() => server.Hub.Waiters == 1);
        var job = server.TheEye.Jobs.Single(job => job.Task.Id == task).Id;
        await server.PublishAsync($"{FrontServer.CustomerId}:job-finished:{job}", "{}");
        await server.TheEye.WhenAsync(() => server.TheEye.Job(job).Fetches > 1);
        Assert.False(call.IsCompleted);

        // And of this end nothing is published.
        server.TheEye.Faults.Next(Step.Publish, Fault.Drop);
        server.TheEye.Approve(job);
        Assert.Equal(200, (await call).Status);
    }

    [Fact]
    public async Task Every_digit_and_key_of_TheEyes_document_is_kept()
    {
        const string Output = """[{"b":1.00000000000000000001,"a":1e400,"b":"\u00e9\/"}]""";
        var task = server.AddTask(new TheEyeTask { Type = TaskType.Approval });
        var calls = new[] { server.CallAsync(task), server.CallAsync(task, flags: "?full") };
        await TestServer.UntilAsync(() => server.Hub.Waiters == 2);
        foreach (var job in server.TheEye.Jobs.Where(job => job.Task.Id == task))
        {
            server.TheEye.Finish(job.Id, JobEnd.Success(Output));
        }

        Assert.Equal((200, Output), await calls[0]);
        Assert.Contains($"\"output\":{Output}", (await calls[1]).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_caller_says_beside_the_arguments_reaches_TheEye_but_not_another_lifecycle()
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 1 });
        var (status, _) = await server.CallAsync(
            task, $$"""{"lifecycle":"ready","user_inputs":{"a":[1]},"task_arguments":["x"],"notify":true}""");
        Assert.Equal(200, status);
        var job = server.TheEye.Jobs.Single(job => job.Task.Id == task);
        Assert.Equal(
            """{"task_arguments":["x"],"user_inputs":{"a":[1]},"notify":true,"lifecycle":"syncing"}""", System.Text.Encoding.UTF8.GetString(job.LastBody.Span));
        Assert.Equal(1, job.SyncedCalls);
    }

    [Fact]
    public async Task Tasks_are_to_be_managed_at_TheEye()
    {
        using var response = await server.SendAsync(HttpMethod.Post, "/acme/task/import", TestServer.Admin, "{}");
        var (status, message) = await ProblemAsync(response);
        Assert.Equal(501, status);
        Assert.Contains("TheEye has the tasks", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_service_token_a_call_by_secret_says_what_to_configure()
    {
        var task = server.AddTask(new TheEyeTask { Secret = "s3cret" });
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/secret/s3cret/job", null, "[]");
        var (status, message) = await ProblemAsync(response);
        Assert.Equal(501, status);
        Assert.Contains("TheEye:ServiceTokens", message, StringComparison.Ordinal);
        Assert.DoesNotContain(server.TheEye.Jobs, job => job.Task.Id == task);
    }

    private static string Word(string document, string member) => JsonNode.Parse(document)![member]!.GetValue<string>();

    private static async Task<(int Status, string Message)> ProblemAsync(HttpResponseMessage response)
    {
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!["message"]!.GetValue<string>());
    }

    public sealed class Server : FrontServer
    {
        protected override string[] Settings =>
            [.. base.Settings, "--TheEye:RequestTimeout=00:00:04", "--TheEye:SettleTime=00:00:12", $"--TheEye:DocumentLimit={16 << 20}"];
    }
}
