using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>What several gateways owe to their clients.</summary>
public sealed class GatewayTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    [ClusterFact]
    public async Task Clients_of_a_killed_gateway_go_on_at_another()
    {
        var killed = AnyGateway();
        StartTraffic();
        var held = await HoldAsync();
        await SubmitAsync(60, killed);
        var callers = held.Where(call => call.IsOpen && !call.Location.IsCompleted).ToArray();
        killed.Kill();
        Print($"Killed {killed.Name}.");
        await Until.TrueAsync(() => callers.Any(call => !call.IsOpen), "who does not know its job's address has learned of the death");
        Gate.Open();
        await AnsweredAsync(Clients.All, "all calls");

        // Nobody waits for these jobs any more. They run all the same.
        await Until.TrueAsync(
            () => Run.All(Cluster).Select(run => run.Id).ToHashSet().IsSupersetOf(callers.Select(call => call.Id)), "the jobs of who was cut off have run");
        await SettleAsync(Outcome.Unknown);
    }

    [ClusterFact]
    public async Task A_thousand_clients_that_hang_up_cost_the_others_nothing()
    {
        var gateway = AnyGateway();
        var staying = await HoldAsync();
        var submitted = await SubmitAsync(20, gateway);
        var before = await WaitingAsync(gateway);
        var leaving = new List<Call>();
        foreach (var call in Enumerable.Range(0, 800).Select(number => submitted[number % submitted.Count]))
        {
            leaving.Add(await Clients.JoinAsync(call, gateway));
        }

        leaving.AddRange(Enumerable.Range(0, 200).Select(_ => Clients.Call(gateway, Gate.Name)));
        await Until.TrueAsync(async () => await WaitingAsync(gateway) == before + 1000, "a thousand more wait");
        StartTraffic(scriptEvery: 0);
        Print("A thousand more wait.");
        foreach (var call in leaving)
        {
            call.HangUp();
        }

        await StopTrafficAsync();
        await AnsweredAsync(Clients.All.Where(call => !call.RunsScript), "the calls without a script");
        await Until.TrueAsync(async () => await WaitingAsync(gateway) == before, "the gateway has forgotten who hung up");
        Print("The gateway has forgotten them.");
        Assert.All(staying, call => Assert.True(call.IsOpen));
        await SettleAsync(Outcome.HungUp);
        await Until.TrueAsync(async () => await WaitingAsync(gateway) == 0, "nobody waits");
    }

    [ClusterFact]
    public async Task A_queued_job_is_waited_for_and_canceled_at_any_gateway()
    {
        StartTraffic(scriptEvery: 0);
        await HoldAsync();
        var submitted = await SubmitAsync(8, Cluster.Gateways[0]);
        var joined = new List<Call>();
        foreach (var call in submitted)
        {
            joined.Add(await Clients.JoinAsync(call, Cluster.Gateways[1]));
        }

        await Until.TrueAsync(async () => await WaitingAsync(Cluster.Gateways[1]) >= joined.Count, "the joined wait");
        foreach (var call in submitted.Take(4))
        {
            Assert.Equal(204, await Clients.CancelAsync(Cluster.Gateways[1], await call.Location));
        }

        Call[] canceled = [.. submitted.Take(4), .. joined.Take(4)];
        await AnsweredAsync(canceled, "who waits for a canceled job");
        Assert.All(canceled, call => Assert.Equal(Outcome.Canceled, call.Answer.Result.Outcome));
        Assert.All(submitted.Skip(4).Concat(joined.Skip(4)), call => Assert.True(call.IsOpen));
        await SettleAsync(Outcome.Canceled);
        Assert.Equal(8, Clients.All.Count(call => call.Answer.Result.Outcome == Outcome.Canceled));
    }

    [ClusterFact]
    public async Task A_running_job_is_canceled_from_another_gateway()
    {
        StartTraffic(scriptEvery: 0);
        var submitted = await SubmitAsync(4, Cluster.Gateways[0]);
        await Until.TrueAsync(() => Cluster.Silos.Sum(silo => Running(silo).Count) == submitted.Count, "the scripts have begun");
        var joined = new List<Call>();
        foreach (var call in submitted)
        {
            joined.Add(await Clients.JoinAsync(call, Cluster.Gateways[1]));
            Assert.Equal(204, await Clients.CancelAsync(Cluster.Clerk, await call.Location));
        }

        await AnsweredAsync(submitted.Concat(joined), "who waits for a canceled job");
        await SettleAsync(Outcome.Canceled);
        Assert.All(submitted.Concat(joined), call => Assert.Equal(Outcome.Canceled, call.Answer.Result.Outcome));
    }

    private static async Task<int> WaitingAsync(Server gateway) =>
        (await gateway.Http.GetFromJsonAsync<JsonNode>("/api/status"))!["waiting"]!.GetValue<int>();
}
