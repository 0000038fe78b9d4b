using System.Net;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;
using Gate = SyncCluster.Gateway.Tests.Api.Jobs.AttachTests.Gate;

namespace SyncCluster.Gateway.Tests.Telemetry;

/// <summary>What a server tells a Prometheus after calls whose values are known.</summary>
[Collection(Measurements.Name)]
public sealed class MetricsTests : IAsyncLifetime
{
    private readonly MeasuredServer _server = new();

    public Task InitializeAsync() => _server.InitializeAsync();

    public Task DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Calls_are_counted_by_how_their_waits_and_their_jobs_have_ended()
    {
        var success = await _server.ImportAsync("""echo '{"data":["1"]}'""");
        var failure = await _server.ImportAsync("""echo '{"state":"failure","data":["1"]}'""");
        for (var calls = 0; calls < 3; calls++)
        {
            Assert.Equal(200, (await _server.CallAsync(success)).Status);
        }

        Assert.Equal(500, (await _server.CallAsync(failure)).Status);
        var metrics = await _server.MetricsAsync();

        Assert.Equal(4, metrics.Sum("synccluster_jobs_submitted_total"));
        Assert.Equal(3, metrics.Sum("synccluster_jobs_ended_total", "state=\"success\"", "lifecycle=\"finished\""));
        Assert.Equal(1, metrics.Sum("synccluster_jobs_ended_total", "state=\"failure\""));
        Assert.Equal(4, metrics.Sum("synccluster_waits_ended_total", "outcome=\"answered\""));
        Assert.Equal(4, metrics.Sum("synccluster_waits_ended_total"));
        Assert.Equal(4, metrics.Sum("synccluster_wait_duration_seconds_count"));
        Assert.Equal(4, metrics.Sum("synccluster_wait_duration_seconds_bucket", "le=\"3600\""));
        Assert.Equal(4, metrics.Sum("synccluster_completion_delivery_duration_seconds_count"));
        Assert.Equal(4, metrics.Sum("synccluster_job_duration_seconds_count"));
        Assert.Equal(4, metrics.Sum("synccluster_job_queue_duration_seconds_count"));

        // Created, assigned, ended.
        Assert.Equal(12, metrics.Sum("synccluster_storage_duration_seconds_count", "operation=\"write\""));
        Assert.Equal(0, metrics.Sum("synccluster_storage_failures_total"));
        Assert.Equal(3, metrics.Sum("http_server_request_duration_seconds_count", "http_route=\"/{customer}/task/{task}/job\"", "status_code=\"200\""));
        Assert.True(metrics.Has("orleans_catalog_activations"), "Orleans' own metrics are missing.");
        string[] tooFrequent =
        [
            "orleans_grains", "orleans_catalog_activation_created_total", "orleans_messaging_processing_ima_received_total",
            "aspnetcore_routing_match_attempts_total", "http_server_active_requests", "kestrel_active_connections",
        ];
        Assert.All(tooFrequent, name => Assert.False(metrics.Has(name), $"{name} costs each call too much."));
    }

    [Fact]
    public async Task Requests_that_wait_and_scripts_that_run_are_shown_while_they_do()
    {
        var gate = new Gate(_server);
        var task = await _server.ImportAsync(gate.Script);
        var first = _server.CallAsync(task);
        await TestServer.UntilAsync(() => gate.Runs == 1);
        var second = _server.CallAsync(task);
        await Eventually.TrueAsync(async () => (await _server.MetricsAsync()).Sum("synccluster_queue_length") == 1, "one job is queued");

        var busy = await _server.MetricsAsync();
        Assert.Equal(2, busy.Sum("synccluster_waiters", "customer=\"acme\""));
        Assert.Equal((1, 1, 2), (busy.Sum("synccluster_scripts_running"), busy.Sum("synccluster_scripts_capacity"), busy.Sum("synccluster_jobs_held")));
        Assert.InRange(busy.Sum("synccluster_connections"), 2, busy.Sum("synccluster_connections_limit"));
        Assert.InRange(busy.Sum("synccluster_files_open"), 2, busy.Sum("synccluster_files_limit"));

        gate.Open();
        await Task.WhenAll(first, second);
        await Eventually.TrueAsync(
            async () => await _server.MetricsAsync() is var idle && idle.Sum("synccluster_waiters") + idle.Sum("synccluster_jobs_held") == 0,
            "nothing waits or runs");
    }

    [Fact]
    public async Task Waits_that_end_without_an_answer_are_told_apart()
    {
        var gate = new Gate(_server);
        var task = await _server.ImportAsync(gate.Script);
        using (var timedOut = await _server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: [("Prefer", "wait=0")]))
        {
            Assert.Equal(HttpStatusCode.GatewayTimeout, timedOut.StatusCode);
        }

        using var leaves = new CancellationTokenSource();
        var left = _server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", cancellation: leaves.Token);
        await TestServer.UntilAsync(() => _server.Hub.Waiters == 1);
        leaves.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        await TestServer.UntilAsync(() => _server.Hub.Waiters == 0);
        using (var unknown = await _server.SendAsync(HttpMethod.Get, "/acme/job/0123456789abcdef01234567/result"))
        {
            Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        }

        var metrics = await _server.MetricsAsync();
        gate.Open();
        Assert.Equal(1, metrics.Sum("synccluster_waits_ended_total", "outcome=\"timed_out\""));
        Assert.Equal(1, metrics.Sum("synccluster_waits_ended_total", "outcome=\"disconnected\""));
        Assert.Equal(1, metrics.Sum("synccluster_waits_ended_total", "outcome=\"refused\""));
        Assert.Equal(3, metrics.Sum("synccluster_waits_ended_total"));
        Assert.Equal(0, metrics.Sum("synccluster_completion_delivery_duration_seconds_count"));
    }

    [Fact]
    public async Task Nothing_but_the_metrics_is_at_their_port_and_they_are_at_no_other()
    {
        using var http = new HttpClient();
        foreach (var path in (string[])["/", "/health/live", "/docs", "/acme/task/x/job"])
        {
            using var other = await http.GetAsync(new Uri(_server.Prometheus, path));
            Assert.Equal((path, HttpStatusCode.NotFound, ""), (path, other.StatusCode, await other.Content.ReadAsStringAsync()));
        }

        using var elsewhere = await _server.SendAsync(HttpMethod.Get, "/metrics");
        Assert.Equal(HttpStatusCode.NotFound, elsewhere.StatusCode);
    }
}

/// <summary>OpenTelemetry reads the instruments of all servers of a process, so that none of another test may run beside these.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Measurements
{
    public const string Name = "measurements";
}
