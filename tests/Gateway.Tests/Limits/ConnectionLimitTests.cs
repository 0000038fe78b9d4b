using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;
using SyncCluster.Hosting.Connections;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>A server that may have few connections, at an address with TLS and one without. Each test has one of its own.</summary>
public sealed class ConnectionLimitTests : IAsyncLifetime
{
    private readonly Server _server = new();
    private readonly List<RawConnection> _open = [];

    private Uri Plain => new(_server.App.Urls.Single(url => url.StartsWith("http:", StringComparison.Ordinal)));

    private OpenConnections Connections => _server.App.Services.GetRequiredService<OpenConnections>();

    private Uri Tls => new(_server.App.Urls.Single(url => url.StartsWith("https:", StringComparison.Ordinal)));

    [Fact]
    public async Task Connections_above_the_limit_are_closed_whatever_address_they_come_in_at_and_before_tls()
    {
        await FillAsync();
        using var plain = await RawConnection.OpenAsync(Plain);
        using var tls = await RawConnection.OpenAsync(Tls);
        await plain.ClosedAsync();
        await tls.ClosedAsync();

        // Nor had those their handshake that are open.
        Assert.All(_open, connection => Assert.True(connection.IsSilent));
    }

    [Fact]
    public async Task A_server_without_room_says_so_at_its_readiness_until_connections_have_closed()
    {
        using var probe = await RawConnection.OpenAsync(Plain);
        Assert.Equal(200, await probe.GetAsync("/health/ready"));
        await FillAsync(Server.Connections - 1);
        Assert.Equal(200, await probe.GetAsync("/health/ready"));
        using var refused = await RawConnection.OpenAsync(Plain);
        await refused.ClosedAsync();
        Assert.Equal(503, await probe.GetAsync("/health/ready"));
        Assert.Equal(200, await probe.GetAsync("/health/live"));

        _open.ForEach(connection => connection.Dispose());
        await Eventually.TrueAsync(async () => await probe.GetAsync("/health/ready") == 200, "the server is ready again");
        using var accepted = await RawConnection.OpenAsync(Plain);
        Assert.Equal(200, await accepted.GetAsync("/health/ready"));
    }

    [Fact]
    public async Task Clients_that_come_again_and_again_fill_no_log()
    {
        await FillAsync();
        for (var attempt = 0; attempt < 3; attempt++)
        {
            for (var connection = 0; connection < 10; connection++)
            {
                using var refused = await RawConnection.OpenAsync(Plain);
                await refused.ClosedAsync();
            }

            _open.ForEach(connection => connection.Dispose());
            _open.Clear();
            await Eventually.TrueAsync(() => Connections.Count == 0, "all connections are closed");
            await FillAsync();
        }

        Assert.Single(_server.Log, line => line.Contains("New connections are closed", StringComparison.Ordinal));
    }

    [Fact]
    public void Fewer_requests_may_wait_than_there_may_be_connections_and_the_log_says_so()
    {
        Assert.Equal(Server.Connections - 1, _server.App.Services.GetRequiredService<IOptions<GatewayLimitsOptions>>().Value.Waiters);
        Assert.Single(_server.Log, line => line.Contains("Limits:Waiters is lowered from 16000 to 15", StringComparison.Ordinal));
    }

    public Task InitializeAsync() => _server.InitializeAsync();

    public async Task DisposeAsync()
    {
        _open.ForEach(connection => connection.Dispose());
        await _server.DisposeAsync();
    }

    /// <summary>Opens connections, at both addresses in turn.</summary>
    private async Task FillAsync(int count = Server.Connections)
    {
        for (var opened = 0; opened < count; opened++)
        {
            _open.Add(await RawConnection.OpenAsync(opened % 2 == 0 ? Plain : Tls));
        }

        await Eventually.TrueAsync(() => Connections.Count == Server.Connections, "all connections are open");
    }

    private sealed class Server : TestServer
    {
        public const int Connections = 16;

        public LogLines Log { get; } = new();

        protected override string[] Settings =>
        [
            $"--Limits:Connections={Connections}", "--Kestrel:Endpoints:Http:Url=http://127.0.0.1:0",
            .. TestCertificate.Settings(Folder, "Https", out _),
        ];

        protected override void Prepare(WebApplication app)
        {
            app.Services.GetRequiredService<ILoggerFactory>().AddProvider(Log);

            // Connections that never begin a handshake are to stay open for the whole test.
            var kestrel = app.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value;
            kestrel.ConfigureHttpsDefaults(https => https.HandshakeTimeout = TimeSpan.FromMinutes(5));
        }
    }
}
