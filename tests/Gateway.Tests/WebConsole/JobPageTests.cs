using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.WebConsole;

/// <summary>What the page of a job knows of it, over HTTP.</summary>
[Collection(SharedServer.Name)]
public sealed class JobPageTests(TestServer server) : IDisposable
{
    private readonly Browser _browser = new(server.Http.BaseAddress!);

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task It_says_how_many_wait_for_the_job_now()
    {
        await _browser.SignInAsync(TestServer.User);
        var (task, job) = await StartAsync("sleep 600");
        Assert.Equal("nobody", await WaitingAsync());
        using var gone = new CancellationTokenSource();
        var first = server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result", cancellation: gone.Token);
        await Eventually.TrueAsync(async () => await WaitingAsync() == "1 request or page", "the first request waits");
        var second = server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        await Eventually.TrueAsync(async () => await WaitingAsync() == "2 requests or pages", "the second request waits");
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await Eventually.TrueAsync(async () => await WaitingAsync() == "1 request or page", "the first request has gone");
        using var canceled = await server.SendAsync(HttpMethod.Put, $"/acme/job/{job}/cancel");
        using var answer = await second;
        Assert.DoesNotContain("job-waiting", (await _browser.OpenAsync($"/console/jobs/{job}")).Html, StringComparison.Ordinal);

        async Task<string> WaitingAsync() => (await _browser.OpenAsync($"/console/jobs/{job}")).Html.Split("id=\"job-waiting\">")[1].Split('<')[0];
    }

    [Theory]
    [InlineData("echo '[]'", "exit code 0")]
    [InlineData("echo '[]'; exit 3", "exit code 3, but its last line decides")]
    [InlineData("echo '{\"state\":\"failure\"}'", "exit code 0, but its last line decides")]
    [InlineData("echo '{\"state\":\"failure\"}'; exit 3", "exit code 3")]
    public async Task It_says_when_the_exit_code_is_not_what_has_decided(string script, string exit)
    {
        await _browser.SignInAsync(TestServer.User);
        var (_, job) = await StartAsync(script);
        await EndAsync(job);
        Assert.Contains($"<small>{exit}</small>", await PageAsync(job), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_where_the_job_runs_and_has_run_to_those_who_see_the_cluster()
    {
        await _browser.SignInAsync(TestServer.Admin);
        var (_, job) = await StartAsync("sleep 600");
        await Eventually.TrueAsync(async () => (await PageAsync(job)).Contains("Runs at", StringComparison.Ordinal), "the job runs");
        var silo = (await PageAsync(job)).Split("Runs at")[1].Split("<code>")[1].Split('<')[0];
        await Eventually.TrueAsync(
            async () => (await _browser.OpenAsync("/console/cluster")).Html.Contains(silo, StringComparison.Ordinal),
            "the page of the cluster has the silo");
        using var canceled = await server.SendAsync(HttpMethod.Put, $"/acme/job/{job}/cancel", TestServer.Admin);
        await Eventually.TrueAsync(async () => (await PageAsync(job)).Contains("Ran at", StringComparison.Ordinal), "the job has ended");
        Assert.Contains(silo, await PageAsync(job), StringComparison.Ordinal);

        await _browser.SignInAsync(TestServer.User);
        Assert.DoesNotContain(silo, await PageAsync(job), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_how_long_the_job_waited_and_ran_and_which_job_it_repeats()
    {
        await _browser.SignInAsync(TestServer.User);
        var (_, first) = await StartAsync("echo '[]'");
        await EndAsync(first);
        var page = await PageAsync(first);
        Assert.All(["<b>Called</b>", "<b>Waited</b>", "<b>Ran</b>", "<b>Ended</b>", "<svg class=\"spans\"", "aria-label=\"Waited "], shown =>
            Assert.Contains(shown, page, StringComparison.Ordinal));
        Assert.DoesNotContain("Runs again", page, StringComparison.Ordinal);
        using var restarted = await server.SendAsync(HttpMethod.Put, $"/acme/job/{first}/restart");
        var second = JsonNode.Parse(await restarted.Content.ReadAsStringAsync())!["id"]!.ToString();
        Assert.Contains($"href=\"jobs/{first}\"", await PageAsync(second), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_from_where_the_job_was_called_and_no_document_does()
    {
        await _browser.SignInAsync(TestServer.User);
        var task = (await server.ImportAsync("sleep 600"))["id"]!.ToString();
        await _browser.OpenAsync("/console/tasks");
        using var called = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task}/job", json: "[]", headers: [("X-Forwarded-For", "203.0.113.9"), ("Prefer", "respond-async")]);
        var job = called.Headers.GetValues("Job-Id").Single();
        Assert.Equal("by uma from 203.0.113.9", CallerOf(await PageAsync(job)));

        // Who runs it again, calls from elsewhere.
        using var elsewhere = new Browser(server.Http.BaseAddress!) { Proxied = [("X-Forwarded-For", "2001:db8::7")] };
        await elsewhere.SignInAsync(TestServer.Admin);
        await elsewhere.OpenAsync("/console/tasks");
        var again = (await elsewhere.PostAsync($"/console/api/jobs/{job}/again")).Job;
        Assert.Equal("by ada from 2001:db8::7", CallerOf(await PageAsync(again)));
        foreach (var ended in (string[])[job, again])
        {
            using var canceled = await server.SendAsync(HttpMethod.Put, $"/acme/job/{ended}/cancel");
            await EndAsync(ended);
            using var document = await server.SendAsync(HttpMethod.Get, $"/acme/job/{ended}", TestServer.Admin);
            Assert.DoesNotMatch("203\\.0\\.113|2001:db8", await document.Content.ReadAsStringAsync());
        }

        Assert.Equal("by uma from 203.0.113.9", CallerOf(await PageAsync(job)));
    }

    [Fact]
    public async Task A_repeat_from_another_address_is_the_same_call_and_its_address_is_not_kept()
    {
        await _browser.SignInAsync(TestServer.User);
        var task = (await server.ImportAsync("echo '[]'"))["id"]!.ToString();
        var key = Guid.NewGuid().ToString();
        var (job, repeated) = (await CallAsync("203.0.113.9"), await CallAsync("203.0.113.10"));
        Assert.Equal(job, repeated);
        Assert.Equal("by uma from 203.0.113.9", CallerOf(await PageAsync(job)));

        async Task<string> CallAsync(string address)
        {
            using var response = await server.SendAsync(
                HttpMethod.Post, $"/acme/task/{task}/job", json: "[]", headers: [("X-Forwarded-For", address), ("Idempotency-Key", key)]);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return response.Headers.GetValues("Job-Id").Single();
        }
    }

    [Fact]
    public async Task A_job_that_kept_no_address_shows_none()
    {
        await _browser.SignInAsync(TestServer.User);
        var spec = new JobSpec
        {
            JobId = JobId.New(),
            Customer = "acme",
            TaskId = "older",
            TaskName = "older",
            Type = TaskType.Dummy,
            Arguments = "[]"u8.ToArray(),
            User = new JobUser("uma", ""),
            CreatedAt = DateTimeOffset.UtcNow,
        };
        var outcome = new JobOutcome { Lifecycle = Lifecycle.Finished, State = JobState.Success, Output = "[]"u8.ToArray(), Result = "{}"u8.ToArray() };
        var stored = new GrainState<JobRecord>(JobRecord.EndedAtOnce(spec, Guid.NewGuid(), outcome, spec.CreatedAt));
        var services = server.App.Services;
        var grain = services.GetRequiredService<IGrainFactory>().GetJob(JobKey.Of("acme", spec.JobId)).GetGrainId();
        await services.GetRequiredKeyedService<IGrainStorage>(StorageNames.Jobs).WriteStateAsync(JobStore.StateName, grain, stored);
        Assert.Equal("by uma", CallerOf(await PageAsync(spec.JobId)));
    }

    [Fact]
    public async Task A_job_that_is_run_again_from_its_page_names_the_one_that_it_repeats_also_with_other_arguments()
    {
        await _browser.SignInAsync(TestServer.User);
        var task = (await server.ImportAsync("echo \"[\\\"$1\\\"]\"", task: new { task_arguments = new[] { new { order = 0, type = "input" } } }))["id"]!.ToString();
        await _browser.OpenAsync("/console/tasks");
        var first = (await _browser.PostAsync($"/console/api/tasks/{task}/job", "[\"one\"]")).Job;
        Assert.Equal(("[\"one\"]", null), await EndAsync(first));
        var same = (await _browser.PostAsync($"/console/api/jobs/{first}/again")).Job;
        Assert.Equal(("[\"one\"]", first), await EndAsync(same));

        // As the form sends it that begins with the job's arguments.
        var form = (await _browser.OpenAsync($"/console/tasks/{task}?from={first}")).Html;
        Assert.Contains($"data-run=\"api/jobs/{first}/again\"", form, StringComparison.Ordinal);
        var changed = (await _browser.PostAsync($"/console/api/jobs/{first}/again", "[\"two\"]")).Job;
        Assert.Equal(("[\"two\"]", first), await EndAsync(changed));
        Assert.All([await PageAsync(same), await PageAsync(changed)], page => Assert.Contains($"<dd><a href=\"jobs/{first}\"><code>{first}</code></a>", page, StringComparison.Ordinal));

        // A job of another task is none to repeat.
        var other = (await server.ImportAsync("echo '[]'"))["id"]!.ToString();
        Assert.Contains($"data-run=\"api/tasks/{other}/job\"", (await _browser.OpenAsync($"/console/tasks/{other}?from={first}")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_was_canceled_before_it_ran_has_only_waited()
    {
        await _browser.SignInAsync(TestServer.User);
        var task = (await server.ImportAsync("sleep 600", task: new { multitasking = false }))["id"]!.ToString();
        await _browser.OpenAsync("/console/tasks");
        var first = await RunAsync(task);
        await Eventually.TrueAsync(async () => (await PageAsync(first)).Contains("Running", StringComparison.Ordinal), "the first job has its turn");
        var second = await RunAsync(task);
        Assert.Contains("for a runner", await PageAsync(second), StringComparison.Ordinal);
        foreach (var job in (string[])[second, first])
        {
            Assert.Equal(HttpStatusCode.NoContent, (await _browser.PostAsync($"/console/api/jobs/{job}/cancel")).Status);
        }

        var page = await PageAsync(second);
        Assert.Contains("<b>Waited</b>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>Ran</b>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("class=\"spans\"", page, StringComparison.Ordinal);
    }

    private async Task<string> PageAsync(string job) => (await _browser.OpenAsync($"/console/jobs/{job}")).Html;

    private async Task<(string Task, string Job)> StartAsync(string script)
    {
        var task = (await server.ImportAsync(script))["id"]!.ToString();
        await _browser.OpenAsync("/console/tasks");
        return (task, await RunAsync(task));
    }

    private async Task<string> RunAsync(string task) => (await _browser.PostAsync($"/console/api/tasks/{task}/job", "[]")).Job;

    /// <summary>Waits for a job.</summary>
    /// <returns>Its output, and which job it runs again.</returns>
    private async Task<(string Output, string? RestartedFrom)> EndAsync(string job)
    {
        using var answer = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result?full");
        var document = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        return (document["output"]?.ToJsonString() ?? "", (string?)document["restarted_from"]);
    }

    /// <summary>Who called, and from where.</summary>
    private static string CallerOf(string page) => WebUtility.HtmlDecode(page.Split("<b>Called</b>")[1].Split("<small>")[1].Split("</small>")[0]);
}
