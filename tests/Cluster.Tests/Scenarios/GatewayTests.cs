using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>
/// Gateways that die, and clients that change between gateways. It takes real processes: TestingHost starts no gateways, and what a client sees of a
/// killed one is a broken TCP connection.
/// </summary>
[Trait(WaitingRules.Trait, "I8")]
public class GatewayTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    [ClusterFact]
    public async Task Clients_of_a_killed_gateway_get_their_answers_at_another_one()
    {
        var killed = RandomGateway();
        StartBackgroundCalls();
        var calls = await FillSilosAsync();
        await SubmitAsync(60, killed);
        var callers = calls.Where(call => call.IsOpen && !call.Location.IsCompleted).ToArray();
        killed.Kill();
        Print($"Killed {killed.Name}.");
        await Eventually.TrueAsync(() => callers.Any(call => !call.IsOpen), "a client that does not know the address of its job has lost its connection");
        Latch.Open();
        await AnsweredAsync(Clients.All, "all calls");

        // No client waits for these jobs any more. They still run.
        await Eventually.TrueAsync(
            () => ScriptRun.All(Cluster).Select(run => run.CallId).ToHashSet().IsSupersetOf(callers.Select(call => call.Id)), "the jobs of the disconnected clients have run");
        await AuditAsync(Outcome.Unknown);
    }

    [ClusterFact]
    public async Task A_thousand_clients_that_disconnect_do_not_affect_the_others()
    {
        var gateway = RandomGateway();
        var staying = await FillSilosAsync();
        var submitted = await SubmitAsync(20, gateway);
        await Eventually.TrueAsync(
            async () => (await Task.WhenAll(Cluster.Gateways.Select(WaitingAsync))).Sum() == staying.Count + submitted.Count, "all clients wait");
        var before = await WaitingAsync(gateway);
        var leaving = new List<Call>();
        foreach (var call in Enumerable.Range(0, 800).Select(number => submitted[number % submitted.Count]))
        {
            leaving.Add(await Clients.AttachAsync(call, gateway));
        }

        leaving.AddRange(Enumerable.Range(0, 200).Select(_ => Clients.Call(gateway, Latch.Name)));
        await Eventually.TrueAsync(async () => await WaitingAsync(gateway) == before + 1000, "a thousand more clients wait");
        StartBackgroundCalls(scriptEvery: 0);
        Print("A thousand more clients wait.");
        foreach (var call in leaving)
        {
            call.Disconnect();
        }

        await StopBackgroundCallsAsync();
        await AnsweredAsync(Clients.All.Where(call => !call.RunsScript), "the calls without a script");
        await Eventually.TrueAsync(async () => await WaitingAsync(gateway) == before, "the gateway has no more waiters than before");
        Print("The gateway has removed their waiters.");
        Assert.All(staying, call => Assert.True(call.IsOpen));
        await AuditAsync(Outcome.Disconnected);
        await Eventually.TrueAsync(async () => await WaitingAsync(gateway) == 0, "no client waits");
    }

    [ClusterFact]
    public async Task A_queued_job_can_be_waited_for_and_canceled_at_any_gateway()
    {
        StartBackgroundCalls(scriptEvery: 0);
        await FillSilosAsync();
        var submitted = await SubmitAsync(8, Cluster.Gateways[0]);
        var attached = new List<Call>();
        foreach (var call in submitted)
        {
            attached.Add(await Clients.AttachAsync(call, Cluster.Gateways[1]));
        }

        await Eventually.TrueAsync(async () => await WaitingAsync(Cluster.Gateways[1]) >= attached.Count, "the attached clients wait");
        foreach (var call in submitted.Take(4))
        {
            Assert.Equal(204, await Clients.CancelAsync(Cluster.Gateways[1], await call.Location));
        }

        Call[] canceled = [.. submitted.Take(4), .. attached.Take(4)];
        await AnsweredAsync(canceled, "the calls of canceled jobs");
        Assert.All(canceled, call => Assert.Equal(Outcome.Canceled, call.Answer.Result.Outcome));
        Assert.All(submitted.Skip(4).Concat(attached.Skip(4)), call => Assert.True(call.IsOpen));
        await AuditAsync(Outcome.Canceled);
        Assert.Equal(8, Clients.All.Count(call => call.Answer.Result.Outcome == Outcome.Canceled));
    }

    [ClusterFact]
    public async Task A_running_job_can_be_canceled_at_another_gateway()
    {
        StartBackgroundCalls(scriptEvery: 0);
        var submitted = await SubmitAsync(4, Cluster.Gateways[0]);
        await Eventually.TrueAsync(() => Cluster.Silos.Sum(silo => RunningOn(silo).Count) == submitted.Count, "the scripts have begun");
        var attached = new List<Call>();
        foreach (var call in submitted)
        {
            attached.Add(await Clients.AttachAsync(call, Cluster.Gateways[1]));
            Assert.Equal(204, await Clients.CancelAsync(Cluster.ShortWaitGateway, await call.Location));
        }

        await AnsweredAsync(submitted.Concat(attached), "the calls of canceled jobs");
        await AuditAsync(Outcome.Canceled);
        Assert.All(submitted.Concat(attached), call => Assert.Equal(Outcome.Canceled, call.Answer.Result.Outcome));
    }

    private static async Task<int> WaitingAsync(Server gateway) =>
        (await gateway.Http.GetFromJsonAsync<JsonNode>("/api/status"))!["waiting"]!.GetValue<int>();
}
