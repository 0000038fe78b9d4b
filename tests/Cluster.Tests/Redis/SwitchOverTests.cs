using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;

namespace SyncCluster.Cluster.Tests.Redis;

/// <summary>A primary and a replica, both of them named in <c>Cluster:Redis</c>, change places without a loss.</summary>
public sealed class SwitchOverTests : IAsyncLifetime
{
    /// <summary>Half of what it takes where the primary is looked for each minute only.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly DemoCluster _cluster = new();

    public Task InitializeAsync() => ClusterFactAttribute.SkipReason is null ? _cluster.Redis.StartAsync() : Task.CompletedTask;

    public Task DisposeAsync() => _cluster.DisposeAsync().AsTask();

    [ClusterFact]
    public async Task New_calls_are_answered_again_within_seconds()
    {
        var replica = _cluster.NewRedis("replica");
        await replica.StartAsync();
        await replica.FollowAsync(_cluster.Redis);
        var both = $"--Cluster:Redis={_cluster.Redis.Endpoint},{replica.Endpoint}";
        var gateway = _cluster.NewGateway("gateway", both);
        await Task.WhenAll(_cluster.NewSilo("silo", both).StartAsync(), gateway.StartAsync());
        Assert.Equal((200, """["before",""]"""), await DemoCluster.EchoAsync(gateway, "before"));

        await _cluster.Redis.SwitchOverAsync();
        await Eventually.TrueAsync(async () => (await DemoCluster.EchoAsync(gateway, "after")).Status == 200, "a new call is answered", Limit);
    }
}
