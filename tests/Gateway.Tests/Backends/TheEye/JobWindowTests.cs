using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Core.Internal;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Jobs;
using IJobWindowGrain = SyncCluster.Execution.TheEye.IJobWindowGrain;
using TaskKey = SyncCluster.Tasks.TaskKey;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>
/// Calls of a task of which TheEye keeps only the newest jobs: each creation deletes older ones that have ended, read or not.
/// </summary>
public sealed class JobWindowTests(JobWindowTests.Server server) : IClassFixture<JobWindowTests.Server>, IDisposable
{
    private const int Callers = 16;
    private const int CallsOfCaller = 25;

    /// <summary>More jobs at once than this lose answers.</summary>
    private const int Kept = 5;

    public void Dispose() => server.TheEye.Faults.Clear();

    [Fact]
    public async Task None_of_400_answers_is_lost_at_16_callers()
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 1, Tag = Random.Shared });

        // One message in a hundred is lost.
        var calls = await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            List<string> wrong = [];
            for (var call = 0; call < CallsOfCaller; call++)
            {
                if (caller % 4 == 0 && call == 10)
                {
                    server.TheEye.Faults.Next(Step.Publish, Fault.Drop);
                }

                var (status, body) = await server.CallAsync(task, $"[\"{caller}.{call}\"]");
                if (status != 200 || body != $"[\"{caller}.{call}\"]")
                {
                    wrong.Add($"{status} {body}");
                }
            }

            return wrong;
        }));

        Assert.Equal("", string.Join('\n', calls.SelectMany(wrong => wrong)));
        Assert.Equal(Callers * CallsOfCaller, server.TheEye.Jobs.Count(job => job.Task.Id == task));
        Assert.All(server.TheEye.Jobs.Where(job => job.Task.Id == task), job => Assert.Equal(1, job.Runs));
        Assert.True(server.TheEye.Jobs.Count(job => job.Task.Id == task && job.Removed) > Callers, "TheEye has deleted jobs.");
    }

    [Fact]
    public async Task A_call_that_finds_no_place_in_its_time_is_a_503_and_nothing_is_run()
    {
        using var gate = new Gate();
        var task = server.AddTask(gate.Task);
        var running = await RunAsync(task, Kept);
        using var response = await CallWithAsync(task, "Prefer", "respond-async, wait=1");
        Assert.Equal(503, (int)response.StatusCode);
        Assert.Equal("2", response.Headers.GetValues("Retry-After").Single());
        Assert.Contains("autoremove_completed_jobs", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(Kept, JobsOf(task));
        gate.Open();
        Assert.All(await Task.WhenAll(running), answer => Assert.Equal((200, "[]"), answer));
        Assert.Equal((200, "[]"), await server.CallAsync(task));
    }

    [Fact]
    public async Task A_client_that_disconnects_before_its_turn_has_no_job_made()
    {
        using var gate = new Gate();
        var task = server.AddTask(gate.Task);
        var running = await RunAsync(task, Kept);
        using var gone = new CancellationTokenSource();
        var left = server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", json: "[]", cancellation: gone.Token);
        var stays = server.CallAsync(task);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);

        // When this one's time is over, the server has long noticed that the other has gone.
        using var late = await CallWithAsync(task, "Prefer", "respond-async, wait=1");
        Assert.Equal(503, (int)late.StatusCode);
        gate.Open();
        Assert.All(await Task.WhenAll(running.Append(stays)), answer => Assert.Equal((200, "[]"), answer));
        Assert.Equal(Kept + 1, JobsOf(task));
    }

    [Theory]
    [InlineData(true, Kept, 8)]
    [InlineData(true, 8, 8)]
    [InlineData(false, Kept, 12)]
    public async Task The_limit_of_the_task_says_how_many_of_its_jobs_there_are_at_once(bool deletes, int kept, int calls)
    {
        using var gate = new Gate();
        var task = server.AddTask(gate.Task with { AutoremoveCompletedJobs = deletes, KeepLimit = kept });
        var running = await RunAsync(task, deletes ? kept : calls);
        gate.Open();
        var others = Enumerable.Range(0, calls - running.Length).Select(_ => server.CallAsync(task));
        Assert.All(await Task.WhenAll(running.Concat(others)), answer => Assert.Equal((200, "[]"), answer));
    }

    [Fact]
    public async Task Calls_that_TheEye_refuses_take_no_place()
    {
        using var gate = new Gate();
        var task = server.AddTask(gate.Task);
        var running = await RunAsync(task, 1);
        for (var refused = 0; refused < 2 * Kept; refused++)
        {
            server.TheEye.Faults.Next(Step.Create, Fault.Status(403, "\"forbidden\""), id: task);
            Assert.Equal(403, (await server.CallAsync(task)).Status);
        }

        var more = await RunAsync(task, Kept - 1);
        gate.Open();
        Assert.All(await Task.WhenAll(running.Concat(more)), answer => Assert.Equal((200, "[]"), answer));
    }

    [Fact]
    public async Task A_job_whose_message_is_lost_keeps_nobody_waiting_for_long()
    {
        // Without a call that waits, its own caller would have it asked for after a minute, and nobody else for an hour.
        var task = server.AddTask(new TheEyeTask { KeepLimit = 1 });
        server.TheEye.Faults.Next(Step.Publish, Fault.Drop);
        var first = server.CallAsync(task);
        await server.TheEye.WhenAsync(() => JobsOf(task) == 1).WaitAsync(TimeSpan.FromSeconds(30));
        using var second = await CallWithAsync(task, "Prefer", "wait=20");
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal((200, "[]"), await first);
    }

    [Fact]
    public async Task Calls_by_secret_and_of_the_newer_dialect_wait_as_well()
    {
        using var gate = new Gate();
        var task = server.AddTask(gate.Task with { Secret = "s3cret" });
        var running = await RunAsync(task, Kept);
        var calls = new[]
        {
            server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/secret/s3cret/job", null, "[]"),
            server.SendAsync(HttpMethod.Post, $"/task/{task}/job", json: "[]"),
            server.SendAsync(HttpMethod.Post, $"/task/{task}/secret/s3cret/job?customer=acme", null, "[]"),
        };
        gate.Open();
        foreach (var response in await Task.WhenAll(calls))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            response.Dispose();
        }

        await Task.WhenAll(running);
        await server.TheEye.WhenAsync(() => server.TheEye.Jobs.Count(job => job.Task.Id == task && job.HasEnded && job.Fetches > 0) == Kept + 3);
    }

    [Fact]
    public async Task A_repeat_of_a_call_that_waits_for_its_turn_runs_once()
    {
        using var gate = new Gate();
        var task = server.AddTask(gate.Task with { KeepLimit = 1 });
        var running = await RunAsync(task, 1);
        var key = Guid.NewGuid().ToString();
        var calls = Enumerable.Range(0, 3).Select(_ => CallWithAsync(task, "Idempotency-Key", key)).ToArray();
        gate.Open();
        foreach (var response in await Task.WhenAll(calls))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            response.Dispose();
        }

        await Task.WhenAll(running);
        Assert.Equal(2, JobsOf(task));
    }

    [Fact]
    public async Task A_caller_that_the_access_list_refuses_reads_so_and_keeps_nobody_waiting()
    {
        var task = server.AddTask(new TheEyeTask { Acl = ["otto@acme.example"] });
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 2 * Kept).Select(_ => server.CallAsync(task))))
        {
            Assert.Equal(504, answer.Status);
            Assert.Contains("access list", JsonNode.Parse(answer.Body)!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        }

        Assert.Equal((200, "[]"), await server.CallAsync(task, token: TestServer.Ops));
        Assert.Equal(1, JobsOf(task));
    }

    [Fact]
    public async Task Approvals_hold_up_nobody()
    {
        var task = server.AddTask(new TheEyeTask { Type = TaskType.Approval, KeepLimit = 1 });
        var calls = new[] { server.CallAsync(task), server.CallAsync(task) };
        await server.TheEye.WhenAsync(() => JobsOf(task) == 2).WaitAsync(TimeSpan.FromSeconds(30));
        await TestServer.UntilAsync(() => server.Hub.Waiters == 2);
        foreach (var job in server.TheEye.Jobs.Where(job => job.Task.Id == task))
        {
            Assert.True(server.TheEye.Approve(job.Id));
        }

        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal((200, "[]"), answer));
    }

    [Fact]
    public async Task A_queue_that_was_lost_lets_no_job_be_created_before_those_that_run_have_ended()
    {
        using var gate = new Gate();
        var task = server.AddTask(gate.Task);
        var running = await RunAsync(task, 1);
        Assert.True(await WindowOf(task).Enter(new("before", "", Kept)));

        await WindowOf(task).AsReference<IGrainManagementExtension>().DeactivateOnIdle();
        await UntilAsync(async () => !await WindowOf(task).Enter(new("after", "", Kept)));
        gate.Open();
        Assert.Equal((200, "[]"), await running[0]);
        await UntilAsync(() => WindowOf(task).Enter(new("after", "", Kept)));
    }

    [Fact]
    public async Task A_queue_that_has_replaced_another_waits_until_all_jobs_can_be_known()
    {
        var window = WindowOf(new TheEyeTask().Id);
        Assert.False(await window.Enter(new("repeated", "", Kept) { IsRepeated = true }));
        await UntilAsync(() => window.Enter(new("repeated", "", Kept) { IsRepeated = true }));
    }

    private static Task UntilAsync(Func<Task<bool>> condition) => Eventually.TrueAsync(condition, "the window answers so", TimeSpan.FromSeconds(60));

    private IJobWindowGrain WindowOf(string task) =>
        server.App.Services.GetRequiredService<IGrainFactory>().GetGrain<IJobWindowGrain>(TaskKey.Of("acme", task));

    private int JobsOf(string task) => server.TheEye.Jobs.Count(job => job.Task.Id == task);

    /// <summary>Begins so many calls, and waits until their jobs run.</summary>
    private async Task<Task<(int Status, string Body)>[]> RunAsync(string task, int calls)
    {
        var before = RunningOf();
        var running = Enumerable.Range(0, calls).Select(_ => server.CallAsync(task)).ToArray();
        await server.TheEye.WhenAsync(() => RunningOf() == before + calls).WaitAsync(TimeSpan.FromSeconds(30));
        return running;

        int RunningOf() => server.TheEye.Jobs.Count(job => job.Task.Id == task && job is { Runs: 1, HasEnded: false });
    }

    private Task<HttpResponseMessage> CallWithAsync(string task, string header, string value) =>
        server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", json: "[]", headers: (header, value));

    /// <summary>A task whose jobs run until it is opened, or until its test has ended: jobs of a test that has failed must not be taken for those of another.</summary>
    private sealed class Gate : IDisposable
    {
        private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Gate() => Task = new TheEyeTask { Tag = (Func<RunningJob, Task>)(_ => _opened.Task) };

        public TheEyeTask Task { get; }

        public void Open() => _opened.TrySetResult();

        public void Dispose() => Open();
    }

    public sealed class Server : FrontServer
    {
        protected override TheEyeOptions Options => new()
        {
            Agent = RunAsync,
            MessageDelay = () => TimeSpan.FromMilliseconds(Random.Shared.Next(1, 60)),
            HangsOnAccessLists = true,
        };

        protected override string[] Settings =>
        [
            .. base.Settings,
            "--TheEye:ServiceTokens:acme=service-token",
            "--TheEye:RequestTimeout=00:00:05",
            "--TheEye:SettleTime=00:00:15",
            "--TheEye:PollInterval=01:00:00",
        ];

        public override async Task InitializeAsync()
        {
            await base.InitializeAsync();
            AddUser("service-token", "sync", "admin");
        }

        private static async Task<JobEnd> RunAsync(RunningJob job, CancellationToken canceled)
        {
            switch (job.Task.Tag)
            {
                case Random random:
                    // Most jobs are short, some are long: others are created and end while they run.
                    await Task.Delay(random.Next(10) == 0 ? 150 : random.Next(20), canceled);
                    break;
                case Func<RunningJob, Task> run:
                    await run(job).WaitAsync(canceled);
                    break;
            }

            return new JobEnd { Output = job.Arguments.ToArray() };
        }
    }
}
