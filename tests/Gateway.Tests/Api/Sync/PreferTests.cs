using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Gateway.Waiting;

namespace SyncCluster.Gateway.Tests.Api.Sync;

/// <summary>How long a call waits, as its caller prefers it.</summary>
public abstract class PreferTests(TestServer server)
{
    [Fact]
    public async Task A_wait_as_long_as_was_asked_for_is_a_504_and_the_job_goes_on()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var watch = Stopwatch.StartNew();
        using var early = await CallAsync(task, "?parse", "wait=1");
        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(0.95), TimeSpan.FromSeconds(30));
        Assert.Equal((HttpStatusCode.GatewayTimeout, "wait=1"), (early.StatusCode, Applied(early)));
        gate.Open();
        using var result = await server.SendAsync(HttpMethod.Get, early.Headers.Location!.ToString());
        Assert.Equal((HttpStatusCode.OK, "{\"n\":1}"), (result.StatusCode, await result.Content.ReadAsStringAsync()));
        Assert.Equal(1, gate.Runs);
    }

    [Theory]
    [InlineData("respond-async")]
    [InlineData("respond-async, wait=1")]
    public async Task A_caller_that_prefers_an_asynchronous_answer_gets_202_with_the_location(string prefer)
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var accepted = await CallAsync(task, "?parse=0", prefer);
        var job = accepted.Headers.GetValues("Job-Id").Single();
        var document = JsonNode.Parse(await accepted.Content.ReadAsStringAsync())!;
        Assert.Equal((HttpStatusCode.Accepted, prefer), (accepted.StatusCode, Applied(accepted)));
        Assert.Equal("application/json; charset=utf-8", accepted.Content.Headers.ContentType!.ToString());
        Assert.Equal((job, "in_progress"), (document["id"]!.GetValue<string>(), document["state"]!.GetValue<string>()));
        Assert.Equal((("1"), $"/acme/job/{job}/result?parse"), (accepted.Headers.GetValues("Retry-After").Single(), accepted.Headers.Location!.ToString()));

        using var still = await server.SendAsync(HttpMethod.Get, accepted.Headers.Location!.ToString(), headers: ("Prefer", "respond-async"));
        Assert.Equal((HttpStatusCode.Accepted, "respond-async", job), (still.StatusCode, Applied(still), still.Headers.GetValues("Job-Id").Single()));
        gate.Open();
        using var result = await server.SendAsync(HttpMethod.Get, accepted.Headers.Location!.ToString());
        Assert.Equal((HttpStatusCode.OK, "{\"n\":1}", null), (result.StatusCode, await result.Content.ReadAsStringAsync(), Applied(result)));
        Assert.Equal(1, gate.Runs);
    }

    [Fact]
    public async Task A_job_that_ends_in_time_is_answered_with_its_output()
    {
        var task = await server.ImportAsync("""echo '["done"]'""");
        using var response = await CallAsync(task, "", "respond-async, wait=60");
        Assert.Equal((HttpStatusCode.OK, "[\"done\"]"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal("wait=60", Applied(response));
    }

    [Theory]
    [InlineData("wait=99999999999999999999", "wait=660")]
    [InlineData("wait=661, wait=3", "wait=660")]
    [InlineData("foo, wait=60;bar", "wait=60")]
    [InlineData("wait=-1", null)]
    [InlineData("wait=soon, wait=3", null)]
    [InlineData("return=minimal", null)]
    public async Task What_held_is_echoed_and_what_is_unknown_ignored(string prefer, string? applied)
    {
        var task = await server.ImportAsync("""echo '["done"]'""");
        using var response = await CallAsync(task, "", prefer);
        Assert.Equal((HttpStatusCode.OK, applied), (response.StatusCode, Applied(response)));
    }

    [Fact]
    public async Task A_wait_for_a_known_job_may_be_short_as_well()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var accepted = await CallAsync(task, "", "respond-async");
        using var early = await server.SendAsync(HttpMethod.Get, accepted.Headers.Location!.ToString(), headers: ("Prefer", "wait=1"));
        Assert.Equal((HttpStatusCode.GatewayTimeout, "wait=1"), (early.StatusCode, Applied(early)));
        gate.Open();
    }

    [Fact]
    public async Task A_call_by_secret_is_continued_with_the_jobs_own_secret()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var accepted = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/secret/{task["secret"]}/job", null, "[]", headers: ("Prefer", "respond-async"));
        var document = JsonNode.Parse(await accepted.Content.ReadAsStringAsync())!;
        Assert.Equal(
            (HttpStatusCode.Accepted, accepted.Headers.GetValues("Job-Id").Single()), (accepted.StatusCode, document["id"]!.GetValue<string>()));
        using var still = await server.SendAsync(HttpMethod.Get, accepted.Headers.Location!.ToString(), null, headers: ("Prefer", "respond-async, wait=1"));
        Assert.Equal((HttpStatusCode.Accepted, "respond-async, wait=1"), (still.StatusCode, Applied(still)));
        gate.Open();
        using var result = await server.SendAsync(HttpMethod.Get, accepted.Headers.Location!.ToString(), null);
        Assert.Equal(HttpStatusCode.OK, result.StatusCode);
    }

    [Fact]
    public async Task A_task_may_have_a_wait_of_its_own()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var waiting = server.App.Services.GetRequiredService<IOptions<WaitingOptions>>().Value;
        lock (waiting.Tasks)
        {
            waiting.Tasks["acme"] = new() { [task["id"]!.GetValue<string>()] = new TaskWaiting { Default = TimeSpan.FromSeconds(1), Maximum = TimeSpan.FromSeconds(2) } };
        }

        using var early = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]");
        using var later = await CallAsync(task, "", "wait=60");
        gate.Open();
        Assert.Equal((HttpStatusCode.GatewayTimeout, null), (early.StatusCode, Applied(early)));
        Assert.Equal((HttpStatusCode.GatewayTimeout, "wait=2"), (later.StatusCode, Applied(later)));
    }

    private static string? Applied(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Preference-Applied", out var values) ? values.Single() : null;

    private Task<HttpResponseMessage> CallAsync(JsonNode task, string flags, string prefer) =>
        server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job{flags}", json: "[]", headers: ("Prefer", prefer));
}

[Collection(SharedServer.Name)]
public sealed class LocalPreferTests(TestServer server) : PreferTests(server)
{
    [Theory]
    [InlineData(null, null, 660)]
    [InlineData(5, null, 5)]
    [InlineData(5, "t", 5)]
    [InlineData(null, "t", 20)]
    [InlineData(31, "t", 30)]
    [InlineData(31, "u", 31)]
    [InlineData(null, "u", 660)]
    [InlineData(9999, "v", 660)]
    public void The_shortest_of_what_the_caller_the_task_and_the_server_say_is_the_wait(int? preferred, string? task, int seconds)
    {
        var options = new WaitingOptions
        {
            Tasks = new()
            {
                ["acme"] = new()
                {
                    ["t"] = new TaskWaiting { Default = TimeSpan.FromSeconds(20), Maximum = TimeSpan.FromSeconds(30) },
                    ["v"] = new TaskWaiting { Maximum = TimeSpan.FromHours(2) },
                },
            },
        };
        var wait = options.WaitOf(preferred is null ? null : TimeSpan.FromSeconds(preferred.Value), "acme", task);
        Assert.Equal(TimeSpan.FromSeconds(seconds), wait);
        Assert.Equal(TimeSpan.FromSeconds(preferred is null ? 660 : Math.Min(preferred.Value, 660)), options.WaitOf(preferred is null ? null : TimeSpan.FromSeconds(preferred.Value), "globex", task));
    }

    [Fact]
    public void Without_a_preference_of_the_caller_the_servers_default_counts() =>
        Assert.Equal(TimeSpan.FromSeconds(7), new WaitingOptions { Default = TimeSpan.FromSeconds(7) }.WaitOf(null, "acme", null));
}

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyePreferTests(TheEyeTestServer server) : PreferTests(server);
