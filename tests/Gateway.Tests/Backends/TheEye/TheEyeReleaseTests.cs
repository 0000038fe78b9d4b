using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Jobs;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>A job is released once, whatever becomes of its release: TheEye's own <c>synced</c> would have it run twice.</summary>
public sealed class TheEyeReleaseTests(TheEyeReleaseTests.Server server) : IClassFixture<TheEyeReleaseTests.Server>, IDisposable
{
    private static readonly Dictionary<string, Fault> Faults = new()
    {
        ["was done, and the connection broke"] = Fault.ResetAfter(),
        ["was done, and half of the answer came"] = Fault.CutOff(),
        ["was done, and answered 500"] = Fault.FailAfter(500),
        ["was done, and never answered"] = Fault.HangAfter(),
        ["was done twice"] = Fault.Twice(),
        ["was not done, and the connection broke"] = Fault.ResetBefore(),
        ["was not done, and answered 503"] = Fault.Html(503),
        ["was not done, and never answered"] = Fault.Hang(),
    };

    public void Dispose() => server.TheEye.Faults.Clear();

    [Theory]
    [InlineData("was done, and the connection broke")]
    [InlineData("was done, and half of the answer came")]
    [InlineData("was done, and answered 500")]
    [InlineData("was done, and never answered")]
    public async Task A_release_that(string fault)
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 1 });
        server.TheEye.Faults.Next(Step.Synced, Faults[fault]);
        var arrived = server.TheEye.Counters.Arrived(Step.Synced);
        Assert.Equal((200, "[\"a\"]"), await server.CallAsync(task, "[\"a\"]"));
        Assert.Equal(arrived + 1, server.TheEye.Counters.Arrived(Step.Synced));
        var job = server.TheEye.Jobs.Single(job => job.Task.Id == task);
        Assert.Equal((1, 1), (job.Runs, job.SyncedCalls));
    }

    [Fact]
    public async Task Releases_that_were_not_done_are_repeated_once_they_can_not_be_under_way_any_more()
    {
        string[] faults = ["was not done, and the connection broke", "was not done, and answered 503", "was not done, and never answered"];
        var calls = new List<(string Task, Task<(int Status, string Body)> Call)>();
        foreach (var fault in faults)
        {
            var task = server.AddTask(new TheEyeTask { ArgumentCount = 1 });
            var arrived = server.TheEye.Counters.Arrived(Step.Synced);
            server.TheEye.Faults.Next(Step.Synced, Faults[fault]);
            calls.Add((task, server.CallAsync(task, "[\"a\"]")));
            await server.TheEye.WhenAsync(() => server.TheEye.Counters.Arrived(Step.Synced) == arrived + 1);
        }

        foreach (var (task, call) in calls)
        {
            Assert.Equal((200, "[\"a\"]"), await call);
            var job = server.TheEye.Jobs.Single(job => job.Task.Id == task);
            Assert.Equal((1, 1), (job.Runs, job.SyncedCalls));
        }
    }

    [Fact]
    public async Task A_release_that_is_under_way_for_long_is_not_repeated()
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 1 });
        var gate = FaultGate.BeforeActing();
        server.TheEye.Faults.Always(Step.Synced, gate);
        var call = server.CallAsync(task, "[\"a\"]");
        await gate.Arrived;

        // Read three times since this server has given the release up: it is read as often before.
        var job = server.TheEye.Jobs.Single(job => job.Task.Id == task).Id;
        await server.TheEye.WhenAsync(() => server.TheEye.Job(job).Fetches >= 6);
        Assert.Equal(1, gate.Arrivals);
        gate.Open();
        Assert.Equal((200, "[\"a\"]"), await call);
        Assert.Equal((1, 1), (server.TheEye.Job(job).Runs, server.TheEye.Job(job).SyncedCalls));
    }

    [Fact]
    public async Task No_job_is_lost_when_the_supervisor_restarts_while_jobs_are_created_released_and_read()
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 1, AutoremoveCompletedJobs = false });
        var calls = Enumerable.Range(0, 200).Select(number => server.CallAsync(task, $"[\"{number}\"]")).ToArray();
        await server.TheEye.WhenAsync(() => server.TheEye.Counters.Runs > 20);
        await server.TheEye.StopSupervisorAsync();
        await server.TheEye.StartSupervisorAsync();
        var answers = await Task.WhenAll(calls);

        // What could not be made was not run.
        Assert.All(answers.Index(), answer => Assert.True(
            answer.Item == (200, $"[\"{answer.Index}\"]") || answer.Item.Status is 502, $"{answer.Item}"));
        Assert.All(server.TheEye.Jobs.Where(job => job.Task.Id == task), job => Assert.InRange(job.Runs, 0, 1));
        Assert.Equal(answers.Count(answer => answer.Status == 200), server.TheEye.Jobs.Count(job => job.Task.Id == task && job.Runs == 1));
    }

    [Fact]
    public async Task A_refused_release_is_answered_with_what_TheEye_says()
    {
        var task = server.AddTask();
        server.TheEye.Faults.Next(Step.Synced, Fault.Status(403, "{\"message\":\"Not you.\"}"));
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", json: "[]");
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        var message = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["message"]!.GetValue<string>();
        Assert.Equal("TheEye has refused to release the job, nothing was run: Not you.", message);
    }

    [Theory]
    [InlineData(400, "\"job is not syncing\"", "Its supervisor says: job is not syncing")]
    [InlineData(500, "\"internal error\"", "Its supervisor has answered with status 500.")]
    [InlineData(0, "", "Its supervisor does not answer. It never answers a request that the task's access list refuses.")]
    public async Task A_job_that_TheEye_fails_to_release_again_and_again_is_ended_after_the_second_time(int status, string body, string reason)
    {
        var task = server.AddTask();
        server.TheEye.Faults.Always(Step.Synced, status == 0 ? Fault.Hang() : Fault.Status(status, body));
        var arrived = server.TheEye.Counters.Arrived(Step.Synced);
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", json: "[]");
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal(
            $"TheEye has failed 2 times to release the job, nothing was run. {reason}",
            JsonNode.Parse(await response.Content.ReadAsStringAsync())!["message"]!.GetValue<string>());
        Assert.Equal(arrived + 2, server.TheEye.Counters.Arrived(Step.Synced));
        await server.TheEye.WhenAsync(() => server.TheEye.Jobs.Single(job => job.Task.Id == task).Lifecycle == "canceled");
        Assert.Equal(0, server.TheEye.Jobs.Single(job => job.Task.Id == task).Runs);
    }

    [Fact]
    public async Task A_job_whose_caller_has_gone_before_it_was_released_is_canceled()
    {
        var task = server.AddTask();
        var gate = FaultGate.BeforeAnswering();
        server.TheEye.Faults.Next(Step.Create, gate, id: task);
        using var client = new CancellationTokenSource();
        var call = server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", json: "[]", cancellation: client.Token);
        await gate.Arrived;
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await TestServer.UntilAsync(() => server.Gone > 0);
        gate.Open();
        await server.TheEye.WhenAsync(() => server.TheEye.Jobs.Single(job => job.Task.Id == task).Lifecycle == "canceled");
        Assert.Equal(0, server.TheEye.Jobs.Single(job => job.Task.Id == task).Runs);
    }

    [Fact]
    public async Task A_job_that_is_to_be_released_when_no_token_is_at_hand_is_released_with_that_of_the_next_caller()
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 1 });
        using var made = await server.Http.PostAsJsonAsync(
            new Uri(server.TheEye.Supervisor, $"/acme/task/{task}/job?access_token={TestServer.User}"), StandInClient.Syncing("a"));
        var job = server.TheEye.Jobs.Single(job => job.Task.Id == task).Id;
        var spec = new JobSpec
        {
            JobId = job,
            Customer = "acme",
            TaskId = task,
            TaskName = "",
            Type = SyncCluster.Tasks.TaskType.Script,
            Arguments = "[]"u8.ToArray(),
            User = new JobUser("uma", ""),
            Origin = JobOrigin.AllocatedAtTheEye,
        };

        // As after the death of the gateways that had brought the tokens.
        var grains = server.App.Services.GetRequiredService<IGrainFactory>();
        var gone = new Gone();
        await grains.GetGrain<IJobGrain>(JobKey.Of("acme", job)).Submit(
            spec, new Subscription(grains.CreateObjectReference<IJobObserver>(gone), 1), TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1));

        using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        Assert.Equal((HttpStatusCode.OK, "[\"a\"]"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal((1, 1), (server.TheEye.Job(job).Runs, server.TheEye.Job(job).SyncedCalls));
    }

    private sealed class Gone : IJobObserver
    {
        public Task Completed(FinishedJob job) => Task.CompletedTask;

        public Task AllCompleted(FinishedJob[] jobs) => Task.CompletedTask;

        public Task Moved(string key) => Task.CompletedTask;
    }

    public sealed class Server : FrontServer
    {
        private int _gone;

        /// <summary>How many requests were given up by their clients.</summary>
        public int Gone => _gone;

        protected override string[] Settings =>
        [
            .. base.Settings, "--TheEye:RequestTimeout=00:00:04", "--TheEye:SettleTime=00:00:12", "--TheEye:PollInterval=00:00:01.500",
        ];

        protected override void Prepare(WebApplication app) => app.Use((http, next) =>
        {
            http.RequestAborted.Register(() => Interlocked.Increment(ref _gone));
            return next(http);
        });
    }
}
