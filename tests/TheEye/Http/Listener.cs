using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace SyncCluster.TheEye.Http;

/// <summary>Bare Kestrel, so that a load test measures its subject and not the stand-in.</summary>
internal sealed class Listener : IAsyncDisposable
{
    private readonly KestrelServer _server;
    private readonly ServiceProvider _services;
    private readonly CancellationTokenSource _stopping = new();

    private Listener(int port)
    {
        _services = new ServiceCollection().BuildServiceProvider();
        var options = new KestrelServerOptions { ApplicationServices = _services, AddServerHeader = false };
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinResponseDataRate = null;
        options.Listen(IPAddress.Loopback, port);
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        _server = new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance);
    }

    /// <summary>Where it listens. The next listener uses the same port.</summary>
    public Uri Address { get; private set; } = null!;

    public static async Task<Listener> StartAsync(int port, Func<HttpContext, CancellationToken, Task> handle)
    {
        var listener = new Listener(port);
        await listener._server.StartAsync(new Application(handle, listener._stopping.Token), CancellationToken.None);
        listener.Address = new Uri(listener._server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());
        return listener;
    }

    /// <summary>Stops at once: requests are aborted and connections are reset.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _server.StopAsync(new CancellationToken(canceled: true));
        _server.Dispose();
        await _services.DisposeAsync();
        _stopping.Dispose();
    }

    private sealed class Application(Func<HttpContext, CancellationToken, Task> handle, CancellationToken stopping) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public async Task ProcessRequestAsync(HttpContext context)
        {
            try
            {
                await handle(context, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                context.Abort();
            }
        }

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
