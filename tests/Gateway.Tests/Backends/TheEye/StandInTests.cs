using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using SyncCluster.Gateway.Tests.Clustering;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>The stand-in's habits that the tests of the product rely on.</summary>
public sealed class StandInTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private static readonly TheEyeTask Script = new() { Name = "script", ArgumentCount = 1 };

    [Fact]
    public async Task A_syncing_job_runs_only_when_it_is_released()
    {
        await using var server = await StandInClient.ServerAsync(new(), Script);
        using var client = new StandInClient(server);

        var id = await client.SyncingAsync(Script, "a");
        await client.CreatedAsync(Script, new { task_arguments = new[] { "b" } });
        await server.WhenAsync(() => server.Counters.Ended == 1).WaitAsync(Soon);
        Assert.Equal(("syncing", 0), (server.Job(id).Lifecycle, server.Job(id).Runs));

        using var released = await client.SyncedAsync(id);
        Assert.Equal("\"ok\"", await released.Content.ReadAsStringAsync());
        await server.WhenAsync(() => server.Job(id).HasEnded).WaitAsync(Soon);
        using var again = await client.SyncedAsync(id);
        Assert.Equal(HttpStatusCode.BadRequest, again.StatusCode);
        Assert.Equal(1, server.Job(id).Runs);
    }

    [Fact]
    public async Task Two_releases_at_once_run_a_job_twice()
    {
        var time = new FakeTimeProvider();
        var bothStarted = new TaskCompletionSource();
        await using var server = await StandInClient.ServerAsync(
            new()
            {
                Time = time,
                SyncedPause = TimeSpan.FromSeconds(10),
                Agent = async (_, canceled) =>
                {
                    await bothStarted.Task.WaitAsync(canceled);
                    return JobEnd.Success("[]");
                },
            },
            Script);
        using var client = new StandInClient(server);
        var id = await client.SyncingAsync(Script, "a");

        var first = client.SyncedAsync(id);
        await server.WhenAsync(() => server.Job(id).SyncedCalls == 1).WaitAsync(Soon);
        time.Advance(TimeSpan.FromSeconds(5));
        var second = client.SyncedAsync(id);
        await server.WhenAsync(() => server.Job(id).SyncedCalls == 2).WaitAsync(Soon);
        time.Advance(TimeSpan.FromSeconds(5));
        await server.WhenAsync(() => server.Job(id).Lifecycle == "assigned").WaitAsync(Soon);
        time.Advance(TimeSpan.FromSeconds(5));
        await server.WhenAsync(() => server.Job(id).Runs == 2).WaitAsync(Soon);
        bothStarted.SetResult();

        Assert.All(await Task.WhenAll(first, second), response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        await server.WhenAsync(() => server.Job(id).HasEnded).WaitAsync(Soon);
        Assert.Equal((1, 1, 1), (server.Counters.RunTwice, server.Counters.SavedOver, server.Counters.Ended));
    }

    [Fact]
    public async Task Each_creation_deletes_what_has_ended_and_is_older_than_the_newest_five_jobs()
    {
        await using var server = await StandInClient.ServerAsync(new(), Script);
        using var client = new StandInClient(server);

        var ids = new List<string>();
        for (var job = 1; job <= 7; job++)
        {
            ids.Add((await client.CreatedAsync(Script, new { task_arguments = new[] { "a" } })).GetProperty("id").GetString()!);
            await server.WhenAsync(() => server.Counters.Ended == job).WaitAsync(Soon);
        }

        await server.WhenAsync(() => server.Counters.Removed == 2).WaitAsync(Soon);
        var statuses = await Task.WhenAll(ids.Select(StatusAsync));
        Assert.Equal([404, 404, 200, 200, 200, 200, 200], statuses);
        Assert.Equal(2, server.Counters.RemovedUnfetched);

        async Task<int> StatusAsync(string id)
        {
            using var response = await client.GetAsync(id);
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public async Task Jobs_that_wait_or_run_count_among_the_newest_and_are_never_deleted()
    {
        await using var server = await StandInClient.ServerAsync(new(), Script);
        using var client = new StandInClient(server);
        var waits = await client.SyncingAsync(Script, "a");
        var ended = await client.SyncingAsync(Script, "a");
        using var released = await client.SyncedAsync(ended);
        await server.WhenAsync(() => server.Job(ended).HasEnded).WaitAsync(Soon);

        for (var newer = 1; newer <= 4; newer++)
        {
            await client.SyncingAsync(Script, "a");
        }

        Assert.False(server.Job(ended).Removed);
        await client.SyncingAsync(Script, "a");
        Assert.Equal((true, false), (server.Job(ended).Removed, server.Job(waits).Removed));
    }

    [Theory]
    [InlineData(true, 5, "true,5")]
    [InlineData(true, 8, "true,8")]
    [InlineData(false, 5, "false,5")]
    public async Task A_task_says_how_many_of_its_jobs_are_kept(bool deletes, int kept, string said)
    {
        var task = Script with { AutoremoveCompletedJobs = deletes, KeepLimit = kept };
        await using var server = await StandInClient.ServerAsync(new(), task);
        using var client = new StandInClient(server);

        var document = await client.TaskAsync(task);

        var (settings, limit) = (document.GetProperty("autoremove_completed_jobs"), document.GetProperty("autoremove_completed_jobs_limit"));
        Assert.Equal(said, $"{settings.GetRawText()},{limit.GetRawText()}");
    }

    [Fact]
    public async Task A_job_can_be_read_and_deleted_before_its_message_is_published()
    {
        using var redis = new RedisInProcess();
        var time = new FakeTimeProvider();
        await using var server = await StandInClient.ServerAsync(
            new() { Redis = redis.Address, Time = time, MessageDelay = () => TimeSpan.FromMilliseconds(100) }, Script);
        using var client = new StandInClient(server);
        var id = await client.SyncingAsync(Script, "a");
        using var released = await client.SyncedAsync(id);
        await server.WhenAsync(() => server.Job(id).HasEnded).WaitAsync(Soon);

        using var read = await client.GetAsync(id);
        Assert.Equal((HttpStatusCode.OK, 0), (read.StatusCode, server.Counters.Published));
        for (var newer = 1; newer <= 5; newer++)
        {
            await client.SyncingAsync(Script, "a");
        }

        Assert.True(server.Job(id).Removed);
        time.Advance(TimeSpan.FromMilliseconds(100));
        await server.WhenAsync(() => server.Counters.Published == 1).WaitAsync(Soon);
    }

    [Fact]
    public async Task A_message_is_lost_while_the_gateway_is_away()
    {
        using var redis = new RedisInProcess();
        await using var server = await StandInClient.ServerAsync(new() { Redis = redis.Address }, Script);
        using var client = new StandInClient(server);
        var address = server.Gateway;

        await server.StopGatewayAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.ProfileAsync(StandInClient.Token));
        await client.CreatedAsync(Script, new { task_arguments = new[] { "a" } });
        await server.WhenAsync(() => server.Counters.Ended == 1).WaitAsync(Soon);
        await server.StartGatewayAsync();
        await client.CreatedAsync(Script, new { task_arguments = new[] { "a" } });
        await server.WhenAsync(() => server.Counters.Ended == 2 && server.Counters.Published > 0).WaitAsync(Soon);

        using var profile = await client.ProfileAsync(StandInClient.Token);
        Assert.Equal((address, HttpStatusCode.OK, 1), (server.Gateway, profile.StatusCode, server.Counters.Published));
    }

    public static TheoryData<string> FailuresOfSynced => new("400", "500", "silence", "a reset");

    [Theory]
    [MemberData(nameof(FailuresOfSynced))]
    public async Task A_release_may_fail_and_leave_the_job_as_it_is(string failure)
    {
        await using var server = await StandInClient.ServerAsync(new(), Script);
        using var client = new StandInClient(server);
        var id = await client.SyncingAsync(Script, "a");
        server.Faults.Always(
            Step.Synced,
            failure switch
            {
                "400" => Fault.Status(400, "\"the job cannot be released\""),
                "500" => Fault.Status(500),
                "silence" => Fault.Hang(),
                _ => Fault.ResetBefore(),
            },
            id);

        var releasing = client.SyncedAsync(id);
        if (failure is "400" or "500")
        {
            using var response = await releasing;
            Assert.Equal(failure, $"{(int)response.StatusCode}");
        }
        else
        {
            await server.WhenAsync(() => server.Counters.Arrived(Step.Synced) > 0).WaitAsync(Soon);
            server.Faults.Clear();
            await Assert.ThrowsAsync<HttpRequestException>(() => releasing.WaitAsync(Soon));
        }

        Assert.Equal(("syncing", 0), (server.Job(id).Lifecycle, server.Job(id).Runs));
    }

    [Fact]
    public async Task A_refusal_by_an_access_list_may_never_be_answered()
    {
        var task = new TheEyeTask { Acl = ["boss@example.com"] };
        await using var server = await StandInClient.ServerAsync(new() { HangsOnAccessLists = true }, task);
        using var client = new StandInClient(server);
        var creating = client.CreateAsync(task, StandInClient.Syncing());
        var reading = client.TaskAsync(task);
        await server.WhenAsync(() => server.Counters.Arrived(Step.Create) + server.Counters.Arrived(Step.Task) == 2).WaitAsync(Soon);

        Assert.False(creating.IsCompleted || reading.IsCompleted);
        await server.StopSupervisorAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => creating.WaitAsync(Soon));
        await Assert.ThrowsAsync<HttpRequestException>(() => reading.WaitAsync(Soon));
        Assert.Empty(server.Jobs);
    }

    [Fact]
    public async Task A_deleted_job_may_be_forgotten_and_still_counts()
    {
        await using var server = await StandInClient.ServerAsync(new() { ForgetsDeleted = true }, Script);
        using var client = new StandInClient(server);

        for (var job = 1; job <= 7; job++)
        {
            await client.CreatedAsync(Script, new { task_arguments = new[] { "a" } });
            await server.WhenAsync(() => server.Counters.Ended == job).WaitAsync(Soon);
        }

        Assert.Equal((5, 7, 7, 2), (server.Jobs.Count(), server.Counters.Creates, server.Counters.Runs, server.Counters.Removed));
    }

    [Theory]
    [InlineData(TaskType.Dummy, "finished", "success")]
    [InlineData(TaskType.Notification, "finished", "success")]
    [InlineData(TaskType.Approval, "onhold", "in_progress")]
    public async Task What_no_agent_runs_does_not_wait_for_its_release(TaskType type, string lifecycle, string state)
    {
        var task = new TheEyeTask { Type = type };
        await using var server = await StandInClient.ServerAsync(new(), task);
        using var client = new StandInClient(server);

        var document = await client.CreatedAsync(task, StandInClient.Syncing("a"));

        Assert.Equal(lifecycle, document.GetProperty("lifecycle").GetString());
        Assert.Equal(state, document.GetProperty("state").GetString());
        Assert.Equal(type == TaskType.Approval, server.Approve(document.GetProperty("id").GetString()!));
    }

    [Fact]
    public async Task Too_few_arguments_make_a_job_that_has_ended_in_error()
    {
        await using var server = await StandInClient.ServerAsync(new(), Script);
        using var client = new StandInClient(server);

        var document = await client.CreatedAsync(Script, StandInClient.Syncing());

        Assert.Equal("terminated", document.GetProperty("lifecycle").GetString());
        Assert.Equal("error", document.GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_syncing_job_can_be_canceled_only_after_it_is_put_on_hold()
    {
        await using var server = await StandInClient.ServerAsync(new(), Script);
        using var client = new StandInClient(server);
        var id = await client.SyncingAsync(Script, "a");

        using var ignored = await client.CancelAsync(id);
        Assert.Equal((HttpStatusCode.NoContent, "syncing"), (ignored.StatusCode, server.Job(id).Lifecycle));
        using var held = await client.HoldAsync(id);
        using var canceled = await client.CancelAsync(id);
        Assert.Equal((HttpStatusCode.NoContent, "canceled"), (canceled.StatusCode, server.Job(id).Lifecycle));
    }

    [Fact]
    public async Task The_end_of_a_job_is_published_on_a_channel_of_its_own()
    {
        using var redis = new RedisInProcess();
        await using var server = await StandInClient.ServerAsync(new() { Redis = redis.Address }, Script);
        using var client = new StandInClient(server);
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.Address);
        var id = await client.SyncingAsync(Script, "a");
        var messages = await connection.GetSubscriber().SubscribeAsync(RedisChannel.Literal($"5d1b7e2ec2b2f1001b2f0001:job-finished:{id}"));

        using var released = await client.SyncedAsync(id);
        var message = await messages.ReadAsync().AsTask().WaitAsync(Soon);

        using var json = JsonDocument.Parse((string)message.Message!);
        Assert.Equal("finished", json.RootElement.GetProperty("lifecycle").GetString());
        using var response = await client.GetAsync(id);
        var document = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("""["a"]""", document.GetProperty("output").GetRawText());
    }

    [Fact]
    public async Task A_dropped_message_is_lost_and_the_job_still_ends()
    {
        using var redis = new RedisInProcess();
        await using var server = await StandInClient.ServerAsync(new() { Redis = redis.Address }, Script);
        using var client = new StandInClient(server);
        server.Faults.Next(Step.Publish, Fault.Drop);

        await client.CreatedAsync(Script, new { task_arguments = new[] { "a" } });
        await server.WhenAsync(() => server.Counters.Ended == 1).WaitAsync(Soon);
        Assert.Equal(0, server.Counters.Published);
    }

    [Fact]
    public async Task What_an_agent_gives_stands_in_the_document_byte_for_byte()
    {
        var end = new JobEnd { Output = """["1.0e2"]"""u8.ToArray(), Result = """{"code":7,"output":12345678901234567890.10}"""u8.ToArray() };
        await using var server = await StandInClient.ServerAsync(new() { Agent = (_, _) => Task.FromResult(end) }, Script);
        using var client = new StandInClient(server);
        var id = await client.SyncingAsync(Script, "a");
        using var released = await client.SyncedAsync(id);
        await server.WhenAsync(() => server.Job(id).HasEnded).WaitAsync(Soon);

        using var response = await client.GetAsync(id);

        Assert.Contains("""{"code":7,"output":12345678901234567890.10,"user":{""", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_and_the_access_list_are_checked_as_there()
    {
        var task = new TheEyeTask { Acl = ["boss@example.com"] };
        await using var server = await StandInClient.ServerAsync(new(), task);
        server.AddUser("boss", new TheEyeUser { Email = "boss@example.com", CustomerId = "1", Customer = "acme" });
        server.AddUser("other", new TheEyeUser { CustomerId = "2", Customer = "other" });
        using var client = new StandInClient(server);
        using var refused = await client.CreateAsync(task, StandInClient.Syncing());
        using var unknown = await client.ProfileAsync("nobody");
        using var profile = await client.ProfileAsync("other");
        using var elsewhere = await client.GetAsync("5d1b7e2ec2b2f1001b2f0009", "other");
        using var missing = await client.GetAsync("5d1b7e2ec2b2f1001b2f0009", "boss");

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
        var customer = (await profile.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("current_customer").GetProperty("name");
        Assert.Equal("other", customer.GetString());
        Assert.Equal(HttpStatusCode.Conflict, elsewhere.StatusCode);
        Assert.Equal(
            (HttpStatusCode.NotFound, "\"job 5d1b7e2ec2b2f1001b2f0009 not found\""), (missing.StatusCode, await missing.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task A_task_s_secret_creates_its_jobs_and_no_others()
    {
        var task = new TheEyeTask { Secret = "s3cret" };
        await using var server = await StandInClient.ServerAsync(new(), task);
        using var client = new StandInClient(server);

        using var created = await client.CreateWithSecretAsync(task, "s3cret");
        using var refused = await client.CreateWithSecretAsync(task, "guess");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (created.StatusCode, refused.StatusCode));
        Assert.Single(server.Jobs);
    }

    [Fact]
    public async Task No_more_jobs_run_at_once_than_there_are_agents()
    {
        var end = new TaskCompletionSource<JobEnd>();
        await using var server = await StandInClient.ServerAsync(new() { Agents = 2, Agent = (_, _) => end.Task }, Script);
        using var client = new StandInClient(server);
        for (var job = 0; job < 3; job++)
        {
            await client.CreatedAsync(Script, new { task_arguments = new[] { "a" } });
        }

        await server.WhenAsync(() => server.Counters.Runs == 2).WaitAsync(Soon);
        Assert.Single(server.Jobs, job => job.Lifecycle == "ready");
        end.SetResult(JobEnd.Success("[]"));
        await server.WhenAsync(() => server.Counters.Ended == 3).WaitAsync(Soon);
    }

    [Fact]
    public async Task A_hanging_answer_is_reset_when_faults_are_cleared()
    {
        await using var server = await StandInClient.ServerAsync(new(), Script);
        using var client = new StandInClient(server);
        server.Faults.Always(Step.Create, Fault.HangAfter(), Script.Id);

        var creating = client.CreateAsync(Script, StandInClient.Syncing("a"));
        await server.WhenAsync(() => server.Counters.Creates == 1).WaitAsync(Soon);
        Assert.False(creating.IsCompleted);
        server.Faults.Clear();

        await Assert.ThrowsAsync<HttpRequestException>(() => creating.WaitAsync(Soon));
    }

    [Fact]
    public async Task A_cut_off_answer_promises_more_than_it_brings()
    {
        await using var server = await StandInClient.ServerAsync(new(), Script);
        using var client = new StandInClient(server);
        var id = await client.SyncingAsync(Script, "a");
        server.Faults.Next(Step.Job, Fault.CutOff(), id: id);

        using var response = await client.GetAsync(id);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(response.Content.Headers.ContentLength > 100);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_reset_after_the_creation_leaves_a_job_whose_id_no_client_has()
    {
        await using var server = await StandInClient.ServerAsync(new(), Script);
        using var client = new StandInClient(server);
        server.Faults.Next(Step.Create, Fault.ResetAfter());

        await Assert.ThrowsAsync<HttpRequestException>(() => client.CreateAsync(Script, StandInClient.Syncing("a")));

        Assert.Equal("syncing", Assert.Single(server.Jobs).Lifecycle);
    }

    [Fact]
    public async Task A_gate_shows_a_request_before_it_is_processed()
    {
        await using var server = await StandInClient.ServerAsync(new(), Script);
        using var client = new StandInClient(server);
        var id = await client.SyncingAsync(Script, "a");
        var gate = FaultGate.BeforeActing();
        server.Faults.Next(Step.Synced, gate);

        var releasing = client.SyncedAsync(id);
        await gate.Arrived.WaitAsync(Soon);
        Assert.Equal("syncing", server.Job(id).Lifecycle);
        gate.Open();

        using var released = await releasing;
        Assert.Equal(HttpStatusCode.OK, released.StatusCode);
        await server.WhenAsync(() => server.Job(id).HasEnded).WaitAsync(Soon);
    }

    [Fact]
    public async Task A_supervisor_that_stops_cuts_a_release_before_its_save_and_comes_back_where_it_was()
    {
        await using var server = await StandInClient.ServerAsync(new() { SyncedPause = TimeSpan.FromHours(1) }, Script);
        using var client = new StandInClient(server);
        var id = await client.SyncingAsync(Script, "a");
        var releasing = client.SyncedAsync(id);
        await server.WhenAsync(() => server.Job(id).SyncedCalls == 1).WaitAsync(Soon);
        var address = server.Supervisor;

        await server.StopSupervisorAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => releasing.WaitAsync(Soon));
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(id));
        await server.StartSupervisorAsync();

        using var response = await client.GetAsync(id);
        Assert.Equal((address, HttpStatusCode.OK), (server.Supervisor, response.StatusCode));
        Assert.Equal("syncing", server.Job(id).Lifecycle);
    }
}
