using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Cluster.Tests.Redis;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Network;

/// <summary>Silos and gateways that show each other certificates of one authority.</summary>
public sealed class ClusterTlsTests(TlsCluster cluster) : IClassFixture<TlsCluster>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [ClusterFact]
    public async Task Calls_are_answered_whatever_silo_has_the_job()
    {
        for (var call = 0; call < 20; call++)
        {
            Assert.Equal((200, $"""["{call}",""]"""), await DemoCluster.EchoAsync(cluster.Gateway, $"{call}"));
        }
    }

    [ClusterTheory]
    [InlineData("none", "silo")]
    [InlineData("none", "gateway")]
    [InlineData("of another authority", "silo")]
    [InlineData("of another authority", "gateway")]
    public async Task A_silo_hangs_up_on_a_process_without_a_certificate_of_the_authority(string certificate, string port)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", port == "silo" ? cluster.SiloPort : cluster.GatewayPort);
        await using var tls = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false, (_, shown, _, _) => shown?.Subject == "CN=silo-1");
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "silo",
            ApplicationProtocols = [new("Orleans1")],
            ClientCertificates = certificate == "none" ? null : new X509Certificate2Collection(cluster.Foreign),
        });

        // With TLS 1.3 the handshake ends for the client before the silo has seen its certificate.
        Assert.True(await HasHungUpAsync(tls));
    }

    [ClusterTheory]
    [InlineData("of another authority")]
    [InlineData("none")]
    public async Task A_gateway_with_another_certificate_finds_no_silo(string certificate)
    {
        using var gateway = cluster.Start(ServerPrograms.Gateway, SettingsFor(certificate));
        await Eventually.TrueAsync(
            () => gateway.Lines.Any(line => line.Text.Contains("Waiting for the cluster's first silo", StringComparison.Ordinal)),
            "it waits for a silo");
        Assert.DoesNotContain(gateway.Lines, line => line.Text.Contains(ServerPrograms.Ready, StringComparison.Ordinal));
    }

    [ClusterTheory]
    [InlineData("of another authority")]
    [InlineData("none")]
    public async Task A_silo_with_another_certificate_does_not_join(string certificate)
    {
        using var silo = cluster.Start(ServerPrograms.Silo, SettingsFor(certificate));
        Assert.NotEqual(0, await silo.ExitAsync());
        Assert.DoesNotContain(silo.Lines, line => line.Text.Contains(ServerPrograms.Ready, StringComparison.Ordinal));
    }

    private static async Task<bool> HasHungUpAsync(Stream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private string[] SettingsFor(string certificate) => certificate == "none" ? [] : cluster.ForeignSettings;
}
