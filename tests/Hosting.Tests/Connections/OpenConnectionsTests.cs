using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SyncCluster.Harness;
using SyncCluster.Hosting.Connections;

namespace SyncCluster.Hosting.Tests.Connections;

/// <summary>A web server with the defaults of every process, which has nothing to drain.</summary>
public sealed class OpenConnectionsTests : IAsyncLifetime
{
    /// <summary>As long as the host would wait for connections.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromMinutes(2);

    private readonly TcpClient _client = new();
    private readonly WebApplication _app;

    public OpenConnectionsTests()
    {
        var builder = WebApplication.CreateBuilder([]);
        builder.AddDefaults("synccluster-test", "http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        _app = builder.Build();
        _app.MapGet("/endless", (HttpContext http) => Task.Delay(Timeout.Infinite, http.RequestAborted));
    }

    public Task InitializeAsync() => _app.StartAsync();

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }

    [Theory]
    [InlineData("GET /endless HTTP/1.1\r\nHost: loc")]
    [InlineData("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    public async Task A_connection_that_is_open_when_the_server_has_stopped_is_aborted(string request)
    {
        var connections = _app.Services.GetRequiredService<OpenConnections>();
        await _client.ConnectAsync(IPAddress.Loopback, new Uri(_app.Urls.Single()).Port);
        await _client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        await Eventually.TrueAsync(() => connections.Count == 1, "the connection is open");
        await _app.StopAsync().WaitAsync(ShutdownTimeout / 2);
        Assert.Equal(0, connections.Count);
    }
}
