using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Cluster.Tests.Scenarios;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Redis;

/// <summary>The main scenarios over a Redis Cluster, whose masters have a part of the keys each, and what only such a Redis can do.</summary>
[Collection(SharedRedisCluster.Name)]
public sealed class RedisClusterTests(ShardedCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    [ClusterFact]
    public async Task Jobs_are_spread_over_all_masters_and_a_repeat_with_a_key_gets_the_stored_answer()
    {
        var first = await Task.WhenAll(Enumerable.Range(0, 100).Select(number => CallWithKeyAsync(cluster.Gateways[0], number)));
        Assert.All(first, answer => Assert.Equal(200, answer.Status));
        var repeated = await Task.WhenAll(Enumerable.Range(0, 100).Select(number => CallWithKeyAsync(cluster.Gateways[1], number)));
        Assert.Equal(first, repeated);
        foreach (var master in cluster.RedisServers)
        {
            Assert.NotEmpty(await master.FindKeysAsync("synccluster/state/job/*"));
        }

        Pass();
    }

    [ClusterFact]
    public async Task Calls_are_answered_when_a_silo_and_a_gateway_are_killed_and_serial_jobs_run_one_at_a_time()
    {
        StartBackgroundCalls();
        await FillSilosAsync();
        var serial = Enumerable.Range(0, 10).Select(_ => Clients.CallSerial(cluster.Gateways[0], seconds: 0.1)).ToArray();
        var attached = await SubmitAsync(10, cluster.Gateways[1]);
        cluster.Silos[1].Kill();
        cluster.Gateways[1].Kill();
        await cluster.DeclaredDeadAsync(cluster.Silos[1]);
        Latch.Open();
        await AnsweredAsync([.. serial, .. attached], "the serial calls, and those at the killed gateway,");
        await AuditAsync(
            Outcome.Lost | Outcome.Unknown, () => Assert.False(File.Exists(cluster.OverlapsFile), "Two jobs of the serial task ran at once."));
    }

    [ClusterFact]
    public async Task A_limit_of_jobs_holds_over_all_silos()
    {
        var calls = Enumerable.Range(0, ScriptCluster.TaskLimit).Select(_ => Clients.CallLimited(RandomGateway(), Latch.Name)).ToArray();
        await Eventually.TrueAsync(() => cluster.Silos.Sum(silo => RunningOn(silo).Count) == calls.Length, "as many jobs run as may");
        foreach (var gateway in cluster.Gateways)
        {
            Assert.Equal(429, (await DemoCluster.SendAsync(gateway, HttpMethod.Post, "/demo/task/limited/job", """["more","-","0"]""")).Status);
        }

        Latch.Open();
        await AnsweredAsync(calls, "the calls up to the limit");
        Assert.Equal(200, (await DemoCluster.SendAsync(RandomGateway(), HttpMethod.Post, "/demo/task/limited/job", """["again","-","0"]""")).Status);
        await AuditAsync(Outcome.None);
    }

    [ClusterFact]
    public async Task Tasks_are_imported_listed_and_deleted()
    {
        var gateway = cluster.Gateways[0];
        var token = await DemoCluster.AdminTokenAsync(gateway);
        var names = Enumerable.Range(0, 6).Select(number => $"imported-{number}").ToArray();
        foreach (var name in names)
        {
            var recipe = $$$"""{"task":{"name":"{{{name}}}","type":"dummy","task_arguments":[]}}""";
            Assert.Equal(201, await SendAsync(token, gateway, HttpMethod.Post, "/demo/task/import", recipe));
        }

        Assert.Equal(names.Length, (await TasksAsync()).Count(task => names.Contains((string?)task!["name"])));
        foreach (var task in (await TasksAsync()).Where(task => names.Contains((string?)task!["name"])))
        {
            Assert.Equal(204, await SendAsync(token, gateway, HttpMethod.Delete, $"/demo/task/{task!["id"]}"));
        }

        Assert.DoesNotContain(await TasksAsync(), task => names.Contains((string?)task!["name"]));
        Pass();

        async Task<JsonArray> TasksAsync() =>
            JsonNode.Parse((await DemoCluster.SendAsync(cluster.Gateways[1], HttpMethod.Get, "/demo/task")).Body)!.AsArray();
    }

    [ClusterFact]
    public async Task Waiting_clients_are_answered_through_the_restart_of_a_silo()
    {
        StartBackgroundCalls(scriptEvery: 0);
        Call[] calls = [.. Enumerable.Range(0, 60).Select(_ => Clients.Submit(RandomGateway(), seconds: 0.5))];
        Assert.Equal(0, await cluster.Silos[2].StopAsync());
        await cluster.Silos[2].StartAsync();
        await AnsweredAsync(calls, "the calls that waited");
        await AuditAsync(Outcome.None);
    }

    [ClusterFact]
    public async Task A_master_that_is_killed_and_comes_back_loses_no_job_and_new_calls_are_told_to_come_again_meanwhile()
    {
        StartBackgroundCalls();
        var held = await SubmitAsync(30, RandomGateway());
        var membership = await cluster.MasterOfAsync(cluster.MembershipKey);
        var killed = cluster.RedisServers.First(master => master != membership);
        killed.Kill();
        Print($"Killed {killed.Name}.");

        // A call whose record may have been stored is told where to ask for it, and there that it can't be reached, as long as the master is away.
        var late = new List<Call>();
        await Eventually.TrueAsync(
            () =>
            {
                late.Add(Clients.CallDummy(RandomGateway()));
                return late.Any(call => call.Retries > 0 || (!call.IsOpen && call.Answer.Result.Outcome == Outcome.Refused));
            },
            "a new call is told to come again");
        Latch.Open();
        await killed.StartAsync();
        Print("It is back.");
        foreach (var gateway in cluster.Gateways)
        {
            var inARow = 0;
            await Eventually.TrueAsync(
                async () => (inARow = (await Clients.CallDummy(gateway).Answer).Outcome == Outcome.Right ? inARow + 1 : 0) >= 20,
                $"{gateway.Name} answers new calls");
        }

        await AuditAsync(Outcome.Refused, () => Assert.All(held, call => Assert.Equal(Outcome.Right, call.Answer.Result.Outcome)));
    }

    private static async Task<(int Status, string Job)> CallWithKeyAsync(Server gateway, int number)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/demo/task/echo/job")
        {
            Content = new StringContent($"""["{number}"]""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Authorization", "Bearer demo-token");
        request.Headers.Add("Idempotency-Key", $"order-{number}");
        using var response = await gateway.Http.SendAsync(request);
        return ((int)response.StatusCode, response.Headers.GetValues("Job-Id").Single());
    }

    private static async Task<int> SendAsync(string token, Server gateway, HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Authorization", $"Bearer {token}");
        request.Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await gateway.Http.SendAsync(request);
        return (int)response.StatusCode;
    }
}
