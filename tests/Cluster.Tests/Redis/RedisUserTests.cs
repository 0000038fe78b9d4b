using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Redis;

/// <summary>The servers have a user of Redis that may not do everything there.</summary>
public sealed class RedisUserTests : IAsyncLifetime
{
    /// <summary>What <c>docs/cluster.md</c> says that a user needs.</summary>
    private const string Documented = "resetchannels resetkeys ~blue/* ~synccluster/members/blue +@all -@dangerous +info";

    private readonly DemoCluster _cluster = new();

    private string Settings => $"--Cluster:Redis={_cluster.Redis.Endpoint},user=servers,password=servers-secret";

    private string GatewaySettings => Settings.Replace("user=servers", "user=gateways", StringComparison.Ordinal);

    public Task InitializeAsync() => ClusterFactAttribute.SkipReason is null ? _cluster.Redis.StartAsync() : Task.CompletedTask;

    public Task DisposeAsync() => _cluster.DisposeAsync().AsTask();

    [ClusterTheory]
    [InlineData("Silo", "-info", "'info'")]
    [InlineData("Silo", "-time", "'time'")]
    [InlineData("Silo", "-hincrby", "'hincrby'")]
    [InlineData("Silo", "-expire", "'expire'")]
    [InlineData("Silo", "-eval -evalsha", "'eval")]
    [InlineData("Silo", "-watch", "'watch'")]
    [InlineData("Silo", "-multi", "MULTI")]
    [InlineData("Silo", "resetkeys ~green/*", "keys")]
    [InlineData("Gateway", "-time", "'time'")]
    [InlineData("Gateway", "resetkeys ~blue/*", "keys")]
    public async Task A_server_without_a_right_that_it_needs_says_which_and_does_not_start(string program, string rules, string right)
    {
        await _cluster.Redis.SetUserAsync("servers", "servers-secret", $"{Documented} {rules}");
        var (exitCode, output) = await _cluster.RunAsync(
            [.. program == "Silo" ? ServerPrograms.Silo : ServerPrograms.Gateway, ServerPrograms.AnyPort, Settings, "--Cluster:Name=blue"]);
        var sentence = output.Split('\n')[^1];
        Assert.Equal(1, exitCode);
        Assert.Contains(
            $"The Redis at {_cluster.Redis.Endpoint} forbids its user in Cluster:Redis what this server needs.", sentence, StringComparison.Ordinal);
        Assert.Contains(right, sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", output, StringComparison.Ordinal);
    }

    [ClusterFact]
    public async Task The_rights_that_the_documentation_names_are_enough_and_a_gateway_needs_fewer()
    {
        await _cluster.Redis.SetUserAsync("servers", "servers-secret", Documented);
        await _cluster.Redis.SetUserAsync("gateways", "servers-secret", $"{Documented} -@write +setnx +hsetnx +rpush");
        var gateway = _cluster.NewGateway("gateway", GatewaySettings, "--Cluster:Name=blue");
        var silo = _cluster.NewSilo("silo", Settings, "--Cluster:Name=blue");
        await Task.WhenAll(silo.StartAsync(), gateway.StartAsync());
        Assert.Equal((200, """["allowed",""]"""), await DemoCluster.EchoAsync(gateway, "allowed"));
        await Eventually.TrueAsync(async () => (await _cluster.Redis.FindKeysAsync("blue/stored-bytes/*")).Length > 0, "the stored bytes are shared");
        Assert.DoesNotContain(silo.Lines.Concat(gateway.Lines), line => line.Text.Contains("NOPERM", StringComparison.Ordinal));
    }
}
