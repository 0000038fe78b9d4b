using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Gateway.Tests.Telemetry;

/// <summary>A measured server in front of TheEye.</summary>
[Collection(Measurements.Name)]
public sealed class TheEyeMetricsTests(TheEyeMetricsTests.Server server) : IClassFixture<TheEyeMetricsTests.Server>
{
    private static readonly Step[] Requests = [Step.Profile, Step.Task, Step.Create, Step.Synced, Step.Job, Step.Hold, Step.Cancel];

    [Fact]
    public async Task Every_request_to_TheEye_is_counted_by_its_outcome()
    {
        var task = await server.ImportAsync("""echo '["1"]'""");
        Assert.Equal(200, (await server.CallAsync(task)).Status);
        Assert.Equal(401, (await server.CallAsync(task, token: "nobodys-token")).Status);

        // A job's document may still be on its way.
        var sent = 0;
        await Eventually.TrueAsync(
            async () => (sent = Requests.Sum(server.TheEye.Counters.Arrived)) == (await server.MetricsAsync()).Sum("synccluster_theeye_requests_total"),
            "each request that TheEye got was counted");
        var metrics = await server.MetricsAsync();
        Assert.Equal(1, metrics.Sum("synccluster_theeye_requests_total", "outcome=\"refused\""));
        Assert.Equal(sent - 1, metrics.Sum("synccluster_theeye_requests_total", "outcome=\"ok\""));

        await server.TheEye.StopSupervisorAsync();
        Assert.Equal(502, (await server.CallAsync(task)).Status);
        Assert.InRange((await server.MetricsAsync()).Sum("synccluster_theeye_requests_total", "outcome=\"unreachable\""), 1, double.MaxValue);
        Assert.Equal(sent, (await server.MetricsAsync()).Sum("synccluster_theeye_requests_total", "outcome=\"ok\"") + 1);
    }

    public sealed class Server : TheEyeTestServer
    {
        private static readonly HttpClient Scraper = new();

        private readonly Uri _prometheus = new($"http://127.0.0.1:{FreePort.Next()}/metrics");

        protected override string[] Settings => [.. base.Settings, $"--Telemetry:Prometheus={_prometheus}"];

        internal async Task<PrometheusText> MetricsAsync() => new(await Scraper.GetStringAsync(_prometheus));
    }
}
