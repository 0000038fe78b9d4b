using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Execution.TheEye;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>What is sent to a supervisor that closes the connection.</summary>
public sealed class SupervisorClientTests : IDisposable
{
    private static readonly string Job = new('a', 24);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ServiceProvider _services;
    private int _arrived;

    public SupervisorClientTests()
    {
        _listener.Start();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(
            [KeyValuePair.Create("TheEye:Supervisor", (string?)$"http://{_listener.LocalEndpoint}")]).Build());
        services.AddTheEye();
        _services = services.BuildServiceProvider();
    }

    private SupervisorClient Client => _services.GetRequiredService<SupervisorClient>();

    public void Dispose()
    {
        _listener.Dispose();
        _services.Dispose();
    }

    /// <summary>As from a connection that was idle for too long, where the HTTP client would send the request again by itself.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_release_whose_connection_is_closed_is_not_sent_a_second_time(bool orderly)
    {
        _ = ServeAsync(orderly);
        Assert.IsType<TheEyeReply.Ok>(await Client.SyncedAsync(Job, "t", default));
        Assert.Equal(TheEyeFault.Broken, Assert.IsType<TheEyeReply.Failed>(await Client.SyncedAsync(Job, "t", default)).Fault);
        Assert.Equal(2, _arrived);
    }

    [Fact]
    public async Task A_read_whose_connection_is_closed_is_sent_again()
    {
        _ = ServeAsync(orderly: true);
        Assert.IsType<TheEyeReply.Ok>(await Client.JobAsync("acme", Job, "t", default));
        Assert.IsType<TheEyeReply.Ok>(await Client.JobAsync("acme", Job, "t", default));
        Assert.Equal(3, _arrived);
    }

    /// <summary>Answers the first request of a connection, and closes it at the second.</summary>
    private async Task ServeAsync(bool orderly)
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptSocketAsync();
                await RequestAsync(connection);
                await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"u8.ToArray());
                await RequestAsync(connection);
                connection.LingerState = new LingerOption(!orderly, 0);
            }
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            // The listener was stopped.
        }
    }

    private async Task RequestAsync(Socket connection)
    {
        var read = new byte[4096];
        var text = new StringBuilder();
        while (!text.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var length = await connection.ReceiveAsync(read);
            if (length == 0)
            {
                return;
            }

            text.Append(Encoding.ASCII.GetString(read, 0, length));
        }

        Interlocked.Increment(ref _arrived);
    }
}
