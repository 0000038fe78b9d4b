using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>
/// Redis loses the membership of the cluster, alone or with everything else, while silos run. It takes a real redis-server, and silos that can end.
/// </summary>
public sealed class LostMembershipTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    [ClusterFact]
    public async Task A_lost_membership_comes_back_and_no_call_notices()
    {
        StartBackgroundCalls();
        await FillSilosAsync();
        await Cluster.Redis.Database.KeyDeleteAsync(Cluster.MembershipKey);
        Print("The membership is lost.");
        await Cluster.SettledAsync();
        Print("It is back.");

        // A silo joins only if it finds and reaches the others.
        await Cluster.StartExtraSiloAsync();
        await Cluster.SettledAsync();
        await AuditAsync(Outcome.None);
    }

    [ClusterFact]
    public async Task The_cluster_goes_on_when_Redis_was_emptied()
    {
        await Cluster.Redis.EmptyAsync();
        Print("Redis is empty.");
        await Cluster.SettledAsync();

        // It waits for a silo that it finds in the membership, and imports the tasks again.
        var gateway = RandomGateway();
        Assert.Equal(0, await gateway.StopAsync());
        await gateway.StartAsync();
        foreach (var other in Cluster.Gateways)
        {
            await Eventually.TrueAsync(async () => (await Clients.Call(other).Answer).Outcome == Outcome.Right, $"{other.Name} answers new calls");
        }

        Pass();
    }

    [ClusterFact]
    public async Task A_silo_whose_row_is_gone_from_a_newer_membership_ends_and_its_scripts_with_it()
    {
        StartBackgroundCalls(scriptEvery: 0);
        await FillSilosAsync();
        var silo = RandomSilo();
        var running = RunningOn(silo);
        silo.KilledProcesses.Add(silo.Process.Id);
        var transaction = Cluster.Redis.Database.CreateTransaction();
        _ = transaction.HashDeleteAsync(Cluster.MembershipKey, silo.SiloAddress);
        _ = transaction.HashIncrementAsync(Cluster.MembershipKey, "Version");
        Assert.True(await transaction.ExecuteAsync());
        Print($"{silo.Name} is no member any more.");
        Assert.NotEqual(0, await silo.Process.ExitAsync());
        Print("It has ended.");
        await AnsweredAsync(running, "the calls whose scripts ran there");
        await AuditAsync(Outcome.Lost);
    }
}
