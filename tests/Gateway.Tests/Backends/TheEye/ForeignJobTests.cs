using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>Jobs that were not called here, or of which TheEye knows nothing any more.</summary>
public sealed class ForeignJobTests(FrontServer server) : IClassFixture<FrontServer>, IDisposable
{
    private readonly HttpClient _theEye = new() { BaseAddress = server.TheEye.Supervisor };

    public void Dispose()
    {
        _theEye.Dispose();
        server.TheEye.Faults.Clear();
    }

    [Fact]
    public async Task A_job_that_was_started_elsewhere_in_TheEye_can_be_waited_for()
    {
        var task = server.AddTask(new TheEyeTask { Type = TaskType.Approval });
        var job = await StartElsewhereAsync(task);
        var waits = Enumerable.Range(0, 5).Select(_ => server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result?full")).ToArray();
        await TestServer.UntilAsync(() => server.Hub.Waiters == 5);
        Assert.True(server.TheEye.Approve(job));
        foreach (var wait in waits)
        {
            using var response = await wait;
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(job, response.Headers.GetValues("Job-Id").Single());
        }
    }

    [Fact]
    public async Task A_job_that_another_releases_is_not_released_here()
    {
        var task = server.AddTask();
        var job = await StartElsewhereAsync(task, """{"task_arguments":[],"lifecycle":"syncing"}""");
        var wait = server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        await TestServer.UntilAsync(() => server.Hub.Waiters == 1);
        await server.TheEye.WhenAsync(() => server.TheEye.Job(job).Fetches >= 2);
        Assert.Equal((0, "syncing"), (server.TheEye.Job(job).SyncedCalls, server.TheEye.Job(job).Lifecycle));
        using var released = await _theEye.PutAsync(new Uri($"/job/{job}/synced?access_token={TestServer.User}", UriKind.Relative), null);
        using var response = await wait;
        Assert.Equal((HttpStatusCode.OK, 1), (response.StatusCode, server.TheEye.Job(job).Runs));
    }

    [Fact]
    public async Task A_job_that_has_a_waiter_before_its_own_call_has_released_it_is_released()
    {
        var task = server.AddTask();
        var gate = FaultGate.BeforeAnswering();
        server.TheEye.Faults.Next(Step.Create, gate, id: task);
        var call = server.CallAsync(task);
        await gate.Arrived;
        var job = server.TheEye.Jobs.Single(job => job.Task.Id == task).Id;
        var wait = server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        await server.TheEye.WhenAsync(() => server.TheEye.Job(job).Fetches >= 2);
        gate.Open();
        Assert.Equal((200, "[]"), await call);
        using var response = await wait;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal((1, 1), (server.TheEye.Job(job).Runs, server.TheEye.Job(job).SyncedCalls));
    }

    [Fact]
    public async Task A_user_that_may_not_read_the_job_at_TheEye_may_not_wait_for_it()
    {
        var task = server.AddTask(new TheEyeTask { Type = TaskType.Approval, Acl = ["uma@acme.example"] });
        var job = await StartElsewhereAsync(task);
        var allowed = server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        await TestServer.UntilAsync(() => server.Hub.Waiters == 1);
        foreach (var path in (string[])[$"/acme/job/{job}/result", $"/acme/job/{job}"])
        {
            using var refused = await server.SendAsync(HttpMethod.Get, path, TestServer.Ops);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        using var stranger = await server.SendAsync(HttpMethod.Get, $"/globex/job/{job}/result", TestServer.Stranger);
        Assert.Equal(HttpStatusCode.NotFound, stranger.StatusCode);
        Assert.True(server.TheEye.Approve(job));
        using var response = await allowed;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task An_answer_that_TheEye_has_deleted_since_is_kept_for_its_caller_and_for_administrators()
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 1 });
        using var called = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", json: "[\"a\"]");
        var job = called.Headers.GetValues("Job-Id").Single();
        server.TheEye.Delete(job);
        foreach (var (token, status) in (IEnumerable<(string, HttpStatusCode)>)
            [(TestServer.User, HttpStatusCode.OK), (TestServer.Admin, HttpStatusCode.OK), (TestServer.Ops, HttpStatusCode.NotFound)])
        {
            using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result", token);
            Assert.Equal(status, response.StatusCode);
            using var document = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}", token);
            Assert.Equal(status, document.StatusCode);
            if (status == HttpStatusCode.OK)
            {
                Assert.Equal("[\"a\"]", await response.Content.ReadAsStringAsync());
                Assert.Equal(job, (await document.Content.ReadFromJsonAsync<JsonNode>())!["id"]!.GetValue<string>());
            }
        }
    }

    [Fact]
    public async Task No_call_is_affected_by_the_rule_of_the_newest_5_jobs_while_its_answer_is_read_at_once()
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 1 });
        for (var number = 0; number < 20; number++)
        {
            Assert.Equal((200, $"[\"{number}\"]"), await server.CallAsync(task, $"[\"{number}\"]"));
        }

        Assert.Equal(15, server.TheEye.Jobs.Count(job => job.Task.Id == task && job.Removed));
    }

    [Fact]
    public async Task A_job_is_canceled_at_TheEye_and_its_waiters_are_answered()
    {
        var task = server.AddTask(new TheEyeTask { Type = TaskType.Approval });
        var call = server.CallAsync(task, flags: "?full");
        await TestServer.UntilAsync(() => server.Hub.Waiters == 1);
        var job = server.TheEye.Jobs.Single(job => job.Task.Id == task).Id;
        using var canceled = await server.SendAsync(HttpMethod.Put, $"/acme/job/{job}/cancel");
        Assert.Equal(HttpStatusCode.NoContent, canceled.StatusCode);
        var (status, body) = await call;
        Assert.Equal((500, "canceled"), (status, JsonNode.Parse(body)!["lifecycle"]!.GetValue<string>()));
        using var again = await server.SendAsync(HttpMethod.Put, $"/acme/job/{job}/cancel");
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
    }

    [Fact]
    public async Task A_cancel_that_TheEye_takes_after_the_jobs_end_is_a_409()
    {
        var task = server.AddTask(new TheEyeTask { Type = TaskType.Approval });
        var job = await StartElsewhereAsync(task);
        var gate = FaultGate.BeforeActing();
        server.TheEye.Faults.Next(Step.Cancel, gate, id: job);
        var cancel = server.SendAsync(HttpMethod.Put, $"/acme/job/{job}/cancel");
        await gate.Arrived;
        Assert.True(server.TheEye.Approve(job));
        gate.Open();
        using var canceled = await cancel;
        Assert.Equal((HttpStatusCode.Conflict, job), (canceled.StatusCode, canceled.Headers.GetValues("Job-Id").Single()));
    }

    private async Task<string> StartElsewhereAsync(string task, string body = """{"task_arguments":[]}""")
    {
        using var json = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var created = await _theEye.PostAsync(new Uri($"/acme/task/{task}/job?access_token={TestServer.User}", UriKind.Relative), json);
        return (await created.Content.ReadFromJsonAsync<JsonNode>())!["id"]!.GetValue<string>();
    }
}
