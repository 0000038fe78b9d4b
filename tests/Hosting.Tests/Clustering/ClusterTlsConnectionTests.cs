using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SyncCluster.Harness;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Hosting.Tests.Clustering;

/// <summary>Which connections a server lets through, those that it accepts and those that it makes. The other side is a stranger's socket.</summary>
public sealed class ClusterTlsConnectionTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
    private readonly TestAuthority _authority;
    private readonly TestAuthority _other;
    private readonly ClusterTls _tls;

    public ClusterTlsConnectionTests()
    {
        (_authority, _other) = (new(_folder, "ours"), new(_folder, "other"));
        _tls = new(
            new() { Tls = new() { Certificate = _authority.Sign("silo").File, Authority = _authority.File } },
            TestMetrics.New(),
            TimeProvider.System,
            NullLogger<ClusterTls>.Instance);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("of the authority", true)]
    [InlineData("of another authority", false)]
    [InlineData("expired", false)]
    [InlineData("for servers only", false)]
    [InlineData("none", false)]
    [InlineData("no TLS", false)]
    public async Task A_server_lets_in_only_who_shows_a_certificate_of_the_authority(string shown, bool isLetIn) =>
        Assert.Equal(isLetIn, await IsLetThroughAsync(connection => connection.UseServerTls(_tls.Options), socket => CallAsync(socket, shown)));

    [Theory]
    [InlineData("of the authority", true)]
    [InlineData("of another authority", false)]
    [InlineData("expired", false)]
    [InlineData("no TLS", false)]
    public async Task A_server_talks_only_to_a_silo_that_shows_a_certificate_of_the_authority(string shown, bool isTalkedTo) =>
        Assert.Equal(isTalkedTo, await IsLetThroughAsync(connection => connection.UseClientTls(_tls.Options), socket => AnswerAsync(socket, shown)));

    /// <summary>Connects two sockets and leaves one to a stranger.</summary>
    /// <returns>Whether what the other one is for gets the connection.</returns>
    private static async Task<bool> IsLetThroughAsync(Action<IConnectionBuilder> use, Func<Stream, Task> stranger)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var theirs = new TcpClient();
        await theirs.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var ours = new SocketConnectionContextFactory(new(), NullLogger.Instance);
        await using var connection = ours.Create(await listener.AcceptSocketAsync());
        await using var services = new ServiceCollection().BuildServiceProvider();
        var isLetThrough = false;
        var pipeline = new ConnectionBuilder(services);
        use(pipeline);
        pipeline.Run(_ =>
        {
            isLetThrough = true;
            return Task.CompletedTask;
        });
        var other = stranger(theirs.GetStream());
        await pipeline.Build()(connection).WaitAsync(Patience);
        connection.Abort();
        try
        {
            await other.WaitAsync(Patience);
        }
        catch (Exception refused) when (refused is IOException or AuthenticationException)
        {
            // The stranger was told so.
        }

        return isLetThrough;
    }

    private async Task CallAsync(Stream socket, string shown)
    {
        if (shown == "no TLS")
        {
            await socket.WriteAsync("A message that no one has encrypted."u8.ToArray());
            return;
        }

        await using var tls = new SslStream(socket);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "silo",
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
            ClientCertificateContext = Certificate(shown) is { } own ? SslStreamCertificateContext.Create(own, null, offline: true) : null,
        });

        // With TLS 1.3 the handshake ends for the client before the server has seen its certificate.
        _ = await tls.ReadAsync(new byte[1]);
    }

    private async Task AnswerAsync(Stream socket, string shown)
    {
        if (shown == "no TLS")
        {
            await socket.WriteAsync("An answer that no one has encrypted."u8.ToArray());
            return;
        }

        await using var tls = new SslStream(socket);
        await tls.AuthenticateAsServerAsync(Certificate(shown)!);
        _ = await tls.ReadAsync(new byte[1]);
    }

    private X509Certificate2? Certificate(string shown) => shown switch
    {
        "none" => null,
        "of another authority" => _other.Sign("stranger").Certificate,
        "expired" => _authority.Sign("expired", isExpired: true).Certificate,
        "for servers only" => X509Certificate2.CreateFromPemFile(_authority.SignServer("server")),
        _ => _authority.Sign("gateway").Certificate,
    };
}
