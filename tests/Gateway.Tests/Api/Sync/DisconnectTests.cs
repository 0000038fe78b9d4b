using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Sync;

/// <summary>Clients that hang up.</summary>
public abstract class DisconnectTests(TestServer server)
{
    [Fact]
    public async Task A_job_is_canceled_when_its_last_waiter_has_disconnected()
    {
        var (gate, job, call, hangUp) = await StartAsync("?cancel_on_disconnect");
        using var stays = new CancellationTokenSource();
        var other = server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result", cancellation: stays.Token);
        await TestServer.UntilAsync(() => server.Hub.Waiters == 2);
        await HangUpAsync(call, hangUp);
        await TestServer.UntilAsync(() => server.Hub.Waiters == 1);
        Assert.Equal("in_progress", await StateAsync(job));
        await HangUpAsync(other, stays);
        await UntilEndedAsync(job);
        Assert.Equal(("canceled", 1), (await StateAsync(job), gate.Runs));
    }

    [Fact]
    public async Task Without_the_flag_the_job_goes_on()
    {
        var (gate, job, call, hangUp) = await StartAsync("");
        await HangUpAsync(call, hangUp);
        await TestServer.UntilAsync(() => server.Hub.Waiters == 0);
        gate.Open();
        await UntilEndedAsync(job);
        Assert.Equal("success", await StateAsync(job));
    }

    [Theory]
    [InlineData("wait=1")]
    [InlineData("respond-async")]
    public async Task A_job_whose_caller_got_its_location_is_not_canceled_by_a_disconnect(string prefer)
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var told = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/job?cancel_on_disconnect", json: "[]", headers: ("Prefer", prefer));
        var job = told.Headers.GetValues("Job-Id").Single();
        using var hangUp = new CancellationTokenSource();
        var other = server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result", cancellation: hangUp.Token);
        await TestServer.UntilAsync(() => server.Hub.Waiters == 1);
        await HangUpAsync(other, hangUp);
        await TestServer.UntilAsync(() => server.Hub.Waiters == 0);
        Assert.Equal("in_progress", await StateAsync(job));
        gate.Open();
        using var result = await server.SendAsync(HttpMethod.Get, told.Headers.Location!.ToString());
        Assert.Equal((HttpStatusCode.OK, 1), (result.StatusCode, gate.Runs));
    }

    [Fact]
    public async Task A_caller_that_disconnected_and_attached_again_counts_as_a_waiter()
    {
        var (gate, job, call, hangUp) = await StartAsync("?cancel_on_disconnect");
        var other = server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        await TestServer.UntilAsync(() => server.Hub.Waiters == 2);
        await HangUpAsync(call, hangUp);
        gate.Open();
        using var result = await other;
        Assert.Equal(HttpStatusCode.OK, result.StatusCode);
    }

    protected TestServer TestedServer => server;

    /// <summary>Calls a task and waits until its script runs.</summary>
    private async Task<(AttachTests.Gate Gate, string Job, Task<HttpResponseMessage> Call, CancellationTokenSource HangUp)> StartAsync(string flags)
    {
        var gate = new AttachTests.Gate(server);
        var named = Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));
        var task = await server.ImportAsync($"printf '%s' \"$THEEYE_JOB\" > {named}.part; mv {named}.part {named}; {gate.Script}");
        var hangUp = new CancellationTokenSource();
        var call = server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job{flags}", json: "[]", cancellation: hangUp.Token);
        await TestServer.UntilAsync(() => File.Exists(named) && gate.Runs == 1);
        return (gate, JsonNode.Parse(await File.ReadAllTextAsync(named))!["id"]!.GetValue<string>(), call, hangUp);
    }

    private static async Task HangUpAsync(Task<HttpResponseMessage> request, CancellationTokenSource hangUp)
    {
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
    }

    /// <summary>By looking, since who waits keeps the job from being canceled.</summary>
    private async Task UntilEndedAsync(string job)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await StateAsync(job) == "in_progress")
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }

    private async Task<string> StateAsync(string job)
    {
        using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}");
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!["state"]!.GetValue<string>();
    }
}

public sealed class LocalDisconnectTests(LocalDisconnectTests.Server server) : DisconnectTests(server), IClassFixture<LocalDisconnectTests.Server>
{
    [Fact]
    public async Task Where_only_an_administrator_may_cancel_only_one_may_by_hanging_up()
    {
        var task = await TestedServer.ImportAsync("""echo '["done"]'""", task: new { cancellable = false });
        var (refused, body) = await TestedServer.CallAsync(task, flags: "?cancel_on_disconnect");
        var (bySecret, _) = await TestedServer.CallAsync(task, flags: "?cancel_on_disconnect", token: TestServer.Admin);
        Assert.Equal((403, 200), (refused, bySecret));
        Assert.Contains("cancel_on_disconnect", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_script_knows_until_when_its_answer_is_waited_for()
    {
        var task = await TestedServer.ImportAsync("""echo "[\"$SYNCCLUSTER_DEADLINE\"]" """, task: new { timeout = 600_000 });
        var before = TimeProvider.System.GetUtcNow();
        var own = await DeadlineAsync("");
        var waiters = await DeadlineAsync("?cancel_on_disconnect");
        Assert.InRange(own, before.AddSeconds(599), before.AddSeconds(660));
        Assert.InRange(waiters, before.AddSeconds(29), before.AddSeconds(90));

        async Task<DateTimeOffset> DeadlineAsync(string flags)
        {
            using var response = await TestedServer.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job{flags}", json: "[]", headers: ("Prefer", "wait=30"));
            return JsonNode.Parse(await response.Content.ReadAsStringAsync())![0]!.GetValue<string>() is var text
                ? DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture)
                : default;
        }
    }

    public sealed class Server : TestServer;
}

public sealed class TheEyeDisconnectTests(TheEyeDisconnectTests.Server server) : DisconnectTests(server), IClassFixture<TheEyeDisconnectTests.Server>
{
    public sealed class Server : TheEyeTestServer;
}
