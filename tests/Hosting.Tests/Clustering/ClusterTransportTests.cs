using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Networking.Shared;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Hosting.Tests.Clustering;

/// <summary>A connection between two servers of the cluster.</summary>
public sealed class ClusterTransportTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly RedisClusterOptions Settings = new() { Redis = "127.0.0.1:1" };

    private readonly ClusterTransport _transport = new(Options.Create(new SocketConnectionOptions()), NullLoggerFactory.Instance);
    private IConnectionListener? _listener;
    private ConnectionContext? _caller;
    private ConnectionContext? _called;

    public async Task InitializeAsync()
    {
        _listener = await _transport.BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
        var accepted = _listener.AcceptAsync();
        _caller = await _transport.ConnectAsync(_listener.EndPoint);
        _called = await accepted;
    }

    public async Task DisposeAsync()
    {
        foreach (var connection in (ConnectionContext[])[_caller!, _called!])
        {
            connection.Abort();
            await connection.DisposeAsync();
        }

        await _listener!.DisposeAsync();
        _transport.Dispose();
    }

    [Fact]
    public Task What_a_silo_has_read_is_taken_apart_by_the_thread_that_has_read_it() => IsTakenApartAtOnceAsync(_called!, _caller!);

    [Fact]
    public Task What_a_gateway_has_read_is_taken_apart_by_the_thread_that_has_read_it() => IsTakenApartAtOnceAsync(_caller!, _called!);

    [Fact]
    public async Task A_message_may_be_larger_than_what_the_sockets_hold()
    {
        const int Size = 32 << 20;

        // Nothing is read meanwhile, and nothing waits for it.
        await _caller!.Transport.Output.WriteAsync(new byte[Size]).AsTask().WaitAsync(Patience);

        var input = _called!.Transport.Input;
        var arrived = await input.ReadAtLeastAsync(Size).AsTask().WaitAsync(Patience);
        Assert.Equal(Size, arrived.Buffer.Length);
    }

    [Fact]
    public void Both_sides_notice_a_machine_that_is_gone_as_with_Orleans_own_sockets()
    {
        var options = new SocketConnectionOptions();
        foreach (var connection in (ConnectionContext[])[_caller!, _called!])
        {
            var socket = connection.Features.Get<IConnectionSocketFeature>()!.Socket;
            Assert.Equal(
                (1, options.KeepAliveTimeSeconds, options.KeepAliveIntervalSeconds, options.KeepAliveRetryCount, true),
                (Option(SocketOptionLevel.Socket, SocketOptionName.KeepAlive),
                    Option(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime),
                    Option(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval),
                    Option(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount),
                    socket.NoDelay));

            int Option(SocketOptionLevel level, SocketOptionName name) => (int)socket.GetSocketOption(level, name)!;
        }
    }

    [Fact]
    public async Task A_silo_that_is_not_there_is_a_fault_of_the_connection()
    {
        var gone = await _transport.BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
        await gone.UnbindAsync();
        await gone.DisposeAsync();

        await Assert.ThrowsAsync<SocketConnectionException>(async () => await _transport.ConnectAsync(gone.EndPoint));
    }

    [Fact]
    public void Silos_and_gateways_have_these_sockets()
    {
        var silo = Host.CreateApplicationBuilder();
        silo.UseOrleans(orleans => orleans.UseCluster(Settings));
        var gateway = Host.CreateApplicationBuilder();
        gateway.UseOrleansClient(orleans => orleans.UseCluster(Settings));

        AssertTransports(silo.Services, 3);
        AssertTransports(gateway.Services, 1);

        static void AssertTransports(IServiceCollection services, int count)
        {
            using var provider = new ServiceCollection().AddSingleton(Options.Create(new SocketConnectionOptions())).AddLogging()
                .AddSingleton<ClusterTransport>().BuildServiceProvider();
            var transports = services
                .Where(service => service.IsKeyedService)
                .Where(service => service.ServiceType == typeof(IConnectionFactory) || service.ServiceType == typeof(IConnectionListenerFactory))
                .Select(service => service.KeyedImplementationFactory!(provider, service.ServiceKey))
                .ToList();
            Assert.Equal(count, transports.Count);
            Assert.All(transports, transport => Assert.IsType<ClusterTransport>(transport));
        }
    }

    /// <summary>Only the thread that reads from the socket has this class of Kestrel's on its stack.</summary>
    private static async Task IsTakenApartAtOnceAsync(ConnectionContext receiver, ConnectionContext sender)
    {
        var read = ReadAsync();
        await sender.Transport.Output.WriteAsync("message"u8.ToArray());

        Assert.Contains("SocketConnection", await read.WaitAsync(Patience), StringComparison.Ordinal);

        async Task<string> ReadAsync()
        {
            var arrived = await receiver.Transport.Input.ReadAsync().ConfigureAwait(false);
            receiver.Transport.Input.AdvanceTo(arrived.Buffer.End);
            return new StackTrace().ToString();
        }
    }
}
