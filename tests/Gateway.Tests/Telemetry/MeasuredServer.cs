using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;

namespace SyncCluster.Gateway.Tests.Telemetry;

/// <summary>A server that runs one script at a time and tells a Prometheus about it.</summary>
internal sealed class MeasuredServer(params string[] settings) : TestServer, IAsyncDisposable
{
    /// <summary>It keeps one connection.</summary>
    private readonly HttpClient _scraper = new();

    public Uri Prometheus { get; } = new($"http://127.0.0.1:{FreePort.Next()}/metrics");

    protected override string[] Settings => [$"--Telemetry:Prometheus={Prometheus}", "--LocalExecutor:Concurrency=1", .. settings];

    public static async Task<MeasuredServer> StartAsync(params string[] settings)
    {
        var server = new MeasuredServer(settings);
        await server.InitializeAsync();
        return server;
    }

    public async Task<PrometheusText> MetricsAsync() => new(await _scraper.GetStringAsync(Prometheus));

    public override async Task DisposeAsync()
    {
        _scraper.Dispose();
        await base.DisposeAsync();
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();
}
