using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;
using Gate = SyncCluster.Gateway.Tests.Api.Jobs.AttachTests.Gate;

namespace SyncCluster.Gateway.Tests.Telemetry;

/// <summary>Each limit that refuses a request, at a server that has just this one.</summary>
[Collection(Measurements.Name)]
public sealed class RejectionMetricsTests
{
    [Theory]
    [InlineData("waiters", 503, "--Limits:Waiters=1")]
    [InlineData("customer_waiters", 429, "--Limits:Customers:acme:Waiters=1")]
    [InlineData("customer_calls", 429, "--Limits:CallsPerSecond=0.001", "--Limits:Burst=1")]
    [InlineData("customer_jobs", 429, "--Limits:Jobs:PerCustomer=1")]
    [InlineData("task_jobs", 429, "--Limits:Jobs:PerTask=1")]
    [InlineData("queue", 503, "--LocalExecutor:QueueLimit=1")]
    public async Task A_call_above_a_limit_is_counted_by_the_limit(string limit, int status, params string[] settings)
    {
        await using var server = await MeasuredServer.StartAsync(settings);
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        List<Task<(int Status, string Body)>> calls = [server.CallAsync(task)];
        await TestServer.UntilAsync(() => gate.Runs == 1);
        if (limit == "queue")
        {
            // One more takes the place in it.
            calls.Add(server.CallAsync(task));
            await Eventually.TrueAsync(async () => (await server.MetricsAsync()).Sum("synccluster_queue_length") == 1, "its job is queued");
        }

        Assert.Equal(status, (await server.CallAsync(task)).Status);
        await OnlyAsync(server, limit, 1);
        gate.Open();
        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal(200, answer.Status));
    }

    [Fact]
    public async Task A_call_of_a_customer_that_has_stored_too_much_is_counted()
    {
        await using var server = await MeasuredServer.StartAsync("--Limits:Jobs:StoredBytes=1048576");
        var large = await server.ImportAsync("""printf '["'; head -c 600000 /dev/zero | tr '\0' x; echo '"]'""");
        Assert.Equal(200, (await server.CallAsync(large)).Status);
        Assert.Equal(429, (await server.CallAsync(large)).Status);
        await OnlyAsync(server, "customer_bytes", 1);
    }

    [Fact]
    public async Task Wrong_tokens_are_counted_when_they_are_too_many()
    {
        await using var server = await MeasuredServer.StartAsync("--Limits:FailedAuthentications=2");
        var statuses = new List<int>();
        for (var attempt = 0; attempt < 4; attempt++)
        {
            using var answer = await server.SendAsync(HttpMethod.Get, "/acme/task", "nobodys-token", headers: ("X-Forwarded-For", "203.0.113.9"));
            statuses.Add((int)answer.StatusCode);
        }

        Assert.Equal([401, 401, 429, 429], statuses);
        await OnlyAsync(server, "failed_authentications", 2);
    }

    [Fact]
    public async Task A_body_that_finds_no_room_before_its_sender_is_known_is_counted()
    {
        await using var server = await MeasuredServer.StartAsync("--Limits:Body=100000", "--Limits:UnauthenticatedBodies=100000");
        var task = await server.ImportAsync("""echo '["1"]'""");
        var half = new string('x', 60_000);
        using var held = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        using var refused = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        var request = $"POST /acme/task/{task["id"]}/job HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n[\"{half}";
        await held.SendAsync(request);

        // Of two that come at once both may be refused.
        var bodies = server.App.Services.GetRequiredService<UnauthenticatedBodies>();
        await Eventually.TrueAsync(() => bodies.Free < 100_000 - half.Length, "the first body is held");
        await refused.SendAsync(request);
        Assert.Equal(503, RawConnection.StatusOf(await refused.ReadHeadAsync()));
        await OnlyAsync(server, "unauthenticated_bodies", 1);
    }

    [Fact]
    public async Task A_connection_that_is_closed_for_want_of_room_is_counted()
    {
        await using var server = await MeasuredServer.StartAsync("--Limits:Connections=8");

        // One of the connections is the scraper's.
        var before = await server.MetricsAsync();
        Assert.Equal(8, before.Sum("synccluster_connections_limit"));
        var open = new List<RawConnection>();
        try
        {
            for (var connections = (int)before.Sum("synccluster_connections"); connections < 8; connections++)
            {
                open.Add(await RawConnection.OpenAsync(server.Http.BaseAddress!));
                Assert.Equal(200, await open[^1].GetAsync("/health/live"));
            }

            for (var refusals = 0; refusals < 3; refusals++)
            {
                using var refused = await RawConnection.OpenAsync(server.Http.BaseAddress!);
                await refused.ClosedAsync();
            }

            Assert.Equal(8, (await server.MetricsAsync()).Sum("synccluster_connections"));
            await OnlyAsync(server, "connections", 3);
        }
        finally
        {
            open.ForEach(connection => connection.Dispose());
        }
    }

    private static async Task OnlyAsync(MeasuredServer server, string limit, int count)
    {
        var metrics = await server.MetricsAsync();
        Assert.Equal((count, count), (metrics.Sum("synccluster_quota_rejections_total", $"limit=\"{limit}\""), metrics.Sum("synccluster_quota_rejections_total")));
    }
}
