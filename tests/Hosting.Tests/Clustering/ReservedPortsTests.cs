using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Networking.Shared;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Hosting.Tests.Clustering;

public sealed class ReservedPortsTests : IDisposable
{
    private readonly ReservedPorts _ports = new();

    public void Dispose() => _ports.Dispose();

    [Fact]
    public void A_configured_port_is_taken_as_it_is()
    {
        var port = _ports.Choose(IPAddress.Loopback, 11111);

        Assert.Equal(11111, port);
        Assert.Null(_ports.Take(new IPEndPoint(IPAddress.Loopback, port)));
    }

    [Fact]
    public void No_connection_of_another_program_gets_a_chosen_port()
    {
        var port = _ports.Choose(IPAddress.Loopback, 0);

        // Without TCP named, .NET does not set SO_REUSEADDR: the port must be as free as for an outgoing connection.
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.IP);
        var fault = Assert.Throws<SocketException>(() => other.Bind(new IPEndPoint(IPAddress.Loopback, port)));
        Assert.Equal(SocketError.AddressAlreadyInUse, fault.SocketErrorCode);
    }

    [Fact]
    public async Task A_silo_listens_with_the_socket_of_its_chosen_port()
    {
        var endpoint = new IPEndPoint(IPAddress.Loopback, _ports.Choose(IPAddress.Loopback, 0));
        using var transport = new ClusterTransport(Options.Create(new SocketConnectionOptions()), NullLoggerFactory.Instance, _ports);

        await using var listener = await transport.BindAsync(endpoint);

        Assert.Equal(endpoint, listener.EndPoint);
        Assert.Null(_ports.Take(endpoint));
        await using var connection = await transport.ConnectAsync(endpoint);
        connection.Abort();
    }

    [Fact]
    public void Chosen_ports_that_nothing_listened_at_are_free_in_the_end()
    {
        var port = _ports.Choose(IPAddress.Loopback, 0);
        _ports.Dispose();

        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.IP);
        other.Bind(new IPEndPoint(IPAddress.Loopback, port));
        Assert.True(other.IsBound);
    }
}
