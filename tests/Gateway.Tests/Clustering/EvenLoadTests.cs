using SyncCluster.Harness;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>Which silos get the jobs of calls that come through real gateways, over HTTP. Silos of TestingHost, which can count them.</summary>
public sealed class EvenLoadTests(CountingCluster cluster) : IClassFixture<CountingCluster>
{
    private const int AtOnce = 100;

    /// <summary>A silo that is found only by reading the membership or the list of gateways again takes longer, or never has its share.</summary>
    private static readonly TimeSpan JoinLimit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_silo_that_joins_has_its_share_of_new_calls_soon_and_each_of_four_gets_a_quarter()
    {
        const int Calls = 4_000;
        await CallAsync(AtOnce);
        Assert.Equal(3, cluster.Silos.Count(silo => cluster.JobsOf(silo) > 0));

        await cluster.StartSiloAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                cluster.Forget();
                await CallAsync(2 * AtOnce);
                return cluster.JobsOf(cluster.Silos[^1]) > AtOnce / 4;
            },
            "the silo that has joined gets jobs like the others",
            JoinLimit);

        cluster.Forget();
        await CallAsync(Calls);
        Assert.Equal(4, cluster.Silos.Count);
        Assert.All(cluster.Silos, silo => Assert.InRange(cluster.JobsOf(silo), 0.22 * Calls, 0.28 * Calls));
    }

    private async Task CallAsync(int count)
    {
        for (var begun = 0; begun < count; begun += AtOnce)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(call => cluster.CallAsync(call % 2, "echo", """["a","b"]""")));
            Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        }
    }
}
