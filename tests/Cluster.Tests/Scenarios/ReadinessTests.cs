using System.Net;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>What <c>/health/ready</c> says while the cluster is not whole. Real processes over a real Redis, which can be told not to write.</summary>
public sealed class ReadinessTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    [ClusterFact]
    public async Task Silos_are_not_ready_while_Redis_takes_no_writes_and_gateways_are()
    {
        await AreReadyAsync();
        await Cluster.Redis.PauseWritesAsync();
        Print("Redis takes no writes.");
        foreach (var silo in Cluster.Silos)
        {
            await IsNotReadyAsync(silo, "Redis has taken no write of this silo for ");
        }

        Print("The silos are not ready.");
        Assert.All(await Task.WhenAll(Cluster.Gateways.Select(AskAsync)), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        await Cluster.Redis.ResumeWritesAsync();
        await AreReadyAsync();
        Pass();
    }

    [ClusterFact]
    public async Task A_gateway_is_not_ready_while_no_silo_answers()
    {
        await AreReadyAsync();
        foreach (var silo in Cluster.Silos)
        {
            silo.Kill();
        }

        Print("No silo runs.");
        foreach (var gateway in Cluster.Gateways)
        {
            await IsNotReadyAsync(gateway, "No silo has answered for ");
        }

        Print("The gateways are not ready.");
        await Cluster.RestoreAsync();
        await AreReadyAsync();
        await Eventually.TrueAsync(async () => (await Clients.Call(RandomGateway()).Answer).Outcome == Outcome.Right, "calls are answered");
        Pass();
    }

    [ClusterFact]
    public async Task A_Redis_that_is_told_to_evict_gets_no_new_jobs_and_its_silos_are_not_ready()
    {
        var running = await SubmitAsync(5, RandomGateway());
        await Cluster.Redis.SetEvictionAsync("allkeys-lru");
        foreach (var silo in Cluster.Silos)
        {
            await IsNotReadyAsync(silo, " may evict what it holds (maxmemory-policy allkeys-lru).");
        }

        var refused = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Clients.Call(RandomGateway()).Answer));
        Assert.All(refused, answer => Assert.Equal(Outcome.Refused, answer.Outcome));
        Latch.Open();
        await AnsweredAsync(running, "the calls whose jobs ran");
        await Cluster.Redis.SetEvictionAsync("noeviction");
        await AreReadyAsync();
        await AuditAsync(Outcome.Refused, () => Assert.All(running, call => Assert.Equal(Outcome.Right, call.Answer.Result.Outcome)));
    }

    private static async Task<(HttpStatusCode Status, string Body)> AskAsync(Server server)
    {
        using var response = await server.Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static Task IsNotReadyAsync(Server server, string reason) => Eventually.TrueAsync(
        async () => await AskAsync(server) is (HttpStatusCode.ServiceUnavailable, var body) && body.Contains(reason, StringComparison.Ordinal),
        $"{server.Name} is not ready: {reason}");

    private async Task AreReadyAsync()
    {
        foreach (var server in Cluster.Silos.Concat(Cluster.Gateways))
        {
            await Eventually.TrueAsync(async () => (await AskAsync(server)).Status == HttpStatusCode.OK, $"{server.Name} is ready");
        }
    }
}
