using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Jobs;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>Calls with a key whose jobs TheEye makes: of all that it makes for one call, one is released, and the others end.</summary>
public sealed class TheEyeIdempotencyTests(TheEyeIdempotencyTests.Server server) : IClassFixture<TheEyeIdempotencyTests.Server>, IDisposable
{
    public void Dispose() => server.TheEye.Faults.Clear();

    [Fact]
    public async Task A_repeat_gets_the_job_that_was_created_for_a_caller_that_disconnected()
    {
        for (var isInTime = false; !isInTime;)
        {
            var (task, key) = (NewTask(), NewKey());
            var made = await HangUpWhileMadeAsync(task, key);
            await TestServer.UntilAsync(() => BoundTo(task, key) is not null);
            using var repeat = await CallAsync(task, key);

            // Later the job may have been canceled, as one whose caller does not come again.
            isInTime = TimeProvider.System.GetElapsedTime(made) < TimeSpan.FromSeconds(5);
            if (isInTime)
            {
                Assert.Equal((HttpStatusCode.OK, "[\"a\"]"), (repeat.StatusCode, await repeat.Content.ReadAsStringAsync()));
                var job = Assert.Single(JobsOf(task));
                Assert.Equal((job.Id, 1, 1), (repeat.Headers.GetValues("Job-Id").Single(), job.SyncedCalls, job.Runs));
            }
        }
    }

    [Fact]
    public async Task A_job_whose_caller_has_gone_and_does_not_come_again_ends_and_leaves_its_key_unused()
    {
        var (task, key) = (NewTask(), NewKey());
        await HangUpWhileMadeAsync(task, key);
        await TestServer.UntilAsync(() => JobsOf(task).Single().Lifecycle == "canceled");
        using var other = await CallAsync(task, key, "[\"b\"]");
        Assert.Equal((HttpStatusCode.OK, "[\"b\"]"), (other.StatusCode, await other.Content.ReadAsStringAsync()));
        Assert.Equal([(0, 0), (1, 1)], JobsOf(task).Select(job => (job.SyncedCalls, job.Runs)).Order());
    }

    [Fact]
    public async Task Of_the_jobs_that_are_made_for_first_calls_at_once_one_runs_and_the_others_end()
    {
        const int Count = 6;
        var (task, key) = (NewTask(), NewKey());
        var gate = FaultGate.BeforeAnswering();
        server.TheEye.Faults.Next(Step.Create, gate, Count, task);
        var calls = Enumerable.Range(0, Count).Select(_ => CallAsync(task, key)).ToArray();
        await TestServer.UntilAsync(() => gate.Arrivals == Count);
        gate.Open();
        foreach (var call in calls)
        {
            using var response = await call;
            Assert.Equal((HttpStatusCode.OK, "[\"a\"]"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        }

        await TestServer.UntilAsync(() => JobsOf(task).Count(job => job.Lifecycle == "canceled") == Count - 1);
        var ran = Assert.Single(JobsOf(task), job => job.Runs > 0);
        Assert.Equal((1, 1), (ran.Runs, ran.SyncedCalls));
        Assert.All(JobsOf(task).Where(job => job.Id != ran.Id), job => Assert.Equal((0, 0), (job.Runs, job.SyncedCalls)));
        using var repeat = await CallAsync(task, key);
        Assert.Equal(ran.Id, repeat.Headers.GetValues("Job-Id").Single());
    }

    [Fact]
    public async Task A_job_that_was_given_up_by_a_gateway_which_died_then_does_not_keep_its_key()
    {
        var (task, key) = (NewTask(), NewKey());
        var identity = IdentityOf(task, key);
        var spec = new JobSpec
        {
            JobId = JobId.New(),
            Customer = "acme",
            TaskId = task,
            TaskName = "",
            Type = SyncCluster.Tasks.TaskType.Script,
            Arguments = "[]"u8.ToArray(),
            User = new JobUser("uma", ""),
            Origin = JobOrigin.AllocatedAtTheEye,
            Fingerprint = identity.Fingerprint,
            IdempotencyId = Convert.ToHexStringLower(identity.Id),
        };
        await Grains.GetGrain<IIdempotencyGrain>(spec.IdempotencyId).Bind(spec);
        Assert.Equal(Cancellation.Accepted, await Grains.GetGrain<IJobGrain>(JobKey.Of("acme", spec.JobId)).CancelUnsubmitted(spec));
        using (var told = await CallAsync(task, key))
        {
            Assert.Equal(HttpStatusCode.BadGateway, told.StatusCode);
            Assert.Contains("Nothing was run: send the call again.", await told.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await TestServer.UntilAsync(() => BoundTo(task, key) is null);
        using var repeat = await CallAsync(task, key);
        Assert.Equal((HttpStatusCode.OK, "[\"a\"]"), (repeat.StatusCode, await repeat.Content.ReadAsStringAsync()));
        Assert.Equal(1, Assert.Single(JobsOf(task)).Runs);
    }

    [Fact]
    public async Task A_call_that_TheEye_refuses_leaves_its_key_unused()
    {
        var (task, key) = (NewTask(), NewKey());
        server.TheEye.Faults.Next(Step.Create, Fault.Status(403, "{\"message\":\"Not now.\"}"), id: task);
        using var refused = await CallAsync(task, key);
        using var other = await CallAsync(task, key, "[\"b\"]");
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK), (refused.StatusCode, other.StatusCode));
        Assert.False(refused.Headers.Contains("Job-Id"));
    }

    [Fact]
    public async Task The_key_of_another_caller_reveals_nothing()
    {
        var (task, key) = (NewTask(), NewKey());
        using var first = await CallAsync(task, key);
        using var stranger = await CallAsync(task, key, token: TestServer.Stranger);
        using var colleague = await CallAsync(task, key, "[\"b\"]", TestServer.Ops);
        using var bySecret = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task}/secret/wrong/job", null, "[\"a\"]", headers: ("Idempotency-Key", key));
        Assert.Equal(HttpStatusCode.Forbidden, stranger.StatusCode);
        Assert.Equal((HttpStatusCode.OK, "[\"b\"]"), (colleague.StatusCode, await colleague.Content.ReadAsStringAsync()));
        Assert.InRange((int)bySecret.StatusCode, 400, 499);
        Assert.DoesNotContain(first.Headers.GetValues("Job-Id").Single(), $"{stranger}{colleague}{bySecret}", StringComparison.Ordinal);
    }

    private IGrainFactory Grains => server.App.Services.GetRequiredService<IGrainFactory>();

    private static string NewKey() => Guid.NewGuid().ToString();

    private string NewTask() => server.AddTask(new TheEyeTask { ArgumentCount = 1, AutoremoveCompletedJobs = false });

    private IReadOnlyList<JobSnapshot> JobsOf(string task) => [.. server.TheEye.Jobs.Where(job => job.Task.Id == task)];

    private Task<HttpResponseMessage> CallAsync(
        string task, string key, string json = "[\"a\"]", string token = TestServer.User, CancellationToken cancellation = default) =>
        server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", token, json, cancellation, ("Idempotency-Key", key));

    /// <returns>The timestamp at which the job was made.</returns>
    private async Task<long> HangUpWhileMadeAsync(string task, string key)
    {
        var gate = FaultGate.BeforeAnswering();
        server.TheEye.Faults.Next(Step.Create, gate, id: task);
        using var client = new CancellationTokenSource();
        var before = server.HungUp;
        var call = CallAsync(task, key, cancellation: client.Token);
        await gate.Arrived;
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);

        // The server has heard of it a little later.
        await TestServer.UntilAsync(() => server.HungUp > before);
        var made = TimeProvider.System.GetTimestamp();
        gate.Open();
        return made;
    }

    private JobSpec? BoundTo(string task, string key) =>
        Grains.GetGrain<IIdempotencyGrain>(Convert.ToHexStringLower(IdentityOf(task, key).Id)).Find().GetAwaiter().GetResult();

    /// <summary>Of uma's call with one argument.</summary>
    private static IdempotencyIdentity IdentityOf(string task, string key)
    {
        var caller = new AuthenticatedCaller(new Caller { Customer = "acme", Username = "uma", Credential = Credential.User }, "token") { Arrival = default };
        return IdempotencyIdentity.Of(new TaskInvocation("acme", task, new CallPayload("[\"a\"]"u8.ToArray(), null)) { Caller = caller }, key);
    }

    public sealed class Server : FrontServer
    {
        private int _hungUp;

        /// <summary>Requests whose clients were seen to have gone, by all who had asked to be told.</summary>
        public int HungUp => Volatile.Read(ref _hungUp);

        protected override string[] Settings => [.. base.Settings, $"--TheEye:ServiceTokens:acme={Admin}"];

        // Who asks first is told last.
        protected override void Prepare(WebApplication app) => app.Use((http, next) =>
        {
            http.RequestAborted.Register(() => Interlocked.Increment(ref _hungUp));
            return next(http);
        });
    }
}
