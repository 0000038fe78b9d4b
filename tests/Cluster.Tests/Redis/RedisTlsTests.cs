using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Redis;

/// <summary>A Redis that is reached over TLS. Its certificate is for the name <c>redis</c>, of an authority that is not the machine's.</summary>
public sealed class RedisTlsTests : IAsyncLifetime
{
    private readonly DemoCluster _cluster = new();
    private readonly TestAuthority _authority;
    private int _port;

    public RedisTlsTests() => _authority = new(_cluster.Folder, "authority");

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.SkipReason is null)
        {
            await _cluster.Redis.StartAsync();
            _port = await _cluster.Redis.ListenWithTlsAsync(_authority.Sign("redis").File, _authority.File);
        }
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _authority.Dispose();
    }

    [ClusterFact]
    public async Task A_cluster_over_TLS_answers_calls()
    {
        // What an operator does who does not add the authority to those of the machine.
        _cluster.Variables["SSL_CERT_FILE"] = _authority.File;
        var settings = $"--Cluster:Redis=127.0.0.1:{_port},ssl=true,sslHost=redis";
        var gateway = _cluster.NewGateway("gateway", settings);
        await Task.WhenAll(_cluster.NewSilo("silo", settings).StartAsync(), gateway.StartAsync());
        Assert.Equal((200, """["encrypted",""]"""), await DemoCluster.EchoAsync(gateway, "encrypted"));
    }

    [ClusterTheory]
    [InlineData("silo", "redis", false)]
    [InlineData("server", "redis", false)]
    [InlineData("silo", "another-name", true)]
    public async Task A_server_does_not_start_on_a_Redis_whose_certificate_it_does_not_trust(string server, string host, bool isAuthorityTrusted)
    {
        if (isAuthorityTrusted)
        {
            _cluster.Variables["SSL_CERT_FILE"] = _authority.File;
        }

        var program = server == "silo" ? ServerPrograms.Silo : ServerPrograms.Gateway;
        var (exitCode, output) = await _cluster.RunAsync(
            [.. program, ServerPrograms.AnyPort, $"--Cluster:Redis=127.0.0.1:{_port},ssl=true,sslHost={host}"]);
        Assert.Equal(1, exitCode);
        Assert.StartsWith(
            $"The {server} can't start: The Redis at 127.0.0.1:{_port} can't be reached with TLS as Cluster:Redis says. ",
            output.Split('\n')[^1],
            StringComparison.Ordinal);
    }
}
