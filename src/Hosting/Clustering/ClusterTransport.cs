using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using Orleans.Networking.Shared;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// The sockets between silos and gateways: Kestrel's, in place of Orleans' own, which are a copy of them. The thread that has read a message takes it
/// apart, and the thread that has written one sends it. Orleans' sockets hand both to another thread of the pool each time, and while there are few
/// calls that thread must be woken.
/// </summary>
internal sealed class ClusterTransport : IConnectionFactory, IConnectionListenerFactory, IDisposable
{
    private readonly SocketConnectionContextFactory _connections;
    private readonly SocketTransportFactory _listeners;
    private readonly SocketConnectionOptions _options;
    private readonly ReservedPorts? _ports;

    /// <param name="options">Orleans' settings of its sockets.</param>
    /// <param name="loggers">The log.</param>
    /// <param name="ports">The ports that were chosen for a silo; null for a client, which has none.</param>
    public ClusterTransport(IOptions<SocketConnectionOptions> options, ILoggerFactory loggers, ReservedPorts? ports = null)
    {
        _options = options.Value;
        _ports = ports;

        // No limits, as with Orleans' sockets: it reads all that comes, and a message may be larger than a limit. Each connection keeps a buffer to read into:
        // they are few, and without it each message takes one more call of the system, to wait for it.
        _connections = new(
            new()
            {
                UnsafePreferInlineScheduling = true,
                WaitForDataBeforeAllocatingBuffer = false,
                MaxReadBufferSize = null,
                MaxWriteBufferSize = null,
            },
            loggers.CreateLogger<SocketConnectionContextFactory>());
        _listeners = new(
            Options.Create(new SocketTransportOptions
            {
                UnsafePreferInlineScheduling = true,
                WaitForDataBeforeAllocatingBuffer = false,
                MaxReadBufferSize = null,
                MaxWriteBufferSize = null,
                CreateBoundListenSocket = Bind,
            }),
            loggers);
    }

    /// <summary>Gives it to Orleans, a silo or a client, in place of its own.</summary>
    public static void Use(IServiceCollection services)
    {
        services.AddSingleton<ClusterTransport>();

        // Orleans does not publish the keys of its factories. The web server's has no key.
        foreach (var factory in services.Where(IsFactory).ToArray())
        {
            services.Remove(factory);
            services.Add(ServiceDescriptor.KeyedSingleton(
                factory.ServiceType, factory.ServiceKey, static (provider, _) => provider.GetRequiredService<ClusterTransport>()));
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = _options.NoDelay };
        try
        {
            Prepare(socket);
            await socket.ConnectAsync(endpoint, cancellationToken);
            return _connections.Create(socket);
        }
        catch (SocketException fault)
        {
            socket.Dispose();
            throw new SocketConnectionException($"There is no connection to {endpoint}: {fault.Message}", fault);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        _listeners.BindAsync(endpoint, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _connections.Dispose();

    private static bool IsFactory(ServiceDescriptor service) =>
        service.IsKeyedService && (service.ServiceType == typeof(IConnectionFactory) || service.ServiceType == typeof(IConnectionListenerFactory));

    private Socket Bind(EndPoint endpoint)
    {
        var socket = _ports?.Take(endpoint) ?? SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);

        // The sockets of its connections have these options as well.
        Prepare(socket);
        return socket;
    }

    private void Prepare(Socket socket)
    {
        socket.LingerState = new(true, 0);
        if (_options.KeepAlive)
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, _options.KeepAliveTimeSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, _options.KeepAliveIntervalSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, _options.KeepAliveRetryCount);
        }
    }
}
