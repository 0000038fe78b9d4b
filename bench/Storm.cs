using System.Diagnostics;
using SyncCluster.Bench.Children;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>The cost of answering all waiting requests at once: each for a job of its own, and all for one job.</summary>
internal sealed class Storm : IBenchmark
{
    private const double CpuLimit = 90;
    private const double LastLimit = 2;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    public string Name => "storm";

    public string Options => "[--count 18000] [--rounds 2]";

    public string[] Small => ["--count", "100", "--rounds", "1"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("count", "rounds", "json");
        var count = arguments.Number("count", 18_000);
        var rounds = arguments.Number("rounds", 2);
        var load = Machine.Load;
        await using var cluster = await BenchCluster.StartAsync(0, 0, [], [], stop);
        var completer = await cluster.AddWithExternalExecutorAsync(1, 1, ["--Waiting:Maximum=06:00:00", $"--Limits:Waiters={count + 10}"], stop);
        var gateway = cluster.Gateways[0];
        var floor = await cluster.StartFloorAsync(stop);
        var client = await cluster.StartLoadAsync(stop);
        var first = await cluster.StartLoadAsync(stop);
        using var calls = new DemoClient();
        await Cost.OfCallsAsync(cluster, [floor], [client], BenchTasks.Quick, 64, count, stop);
        await Cost.OfCallsAsync(cluster, [gateway], [client], BenchTasks.Quick, 64, 4 * count, stop);
        await floor.AskAsync("hold", stop);
        await completer.AskAsync("hold", stop);

        var ways = new (string Name, Func<Task<(Cost Cost, double Last)>> Run, List<(Cost Cost, double Last)> Costs)[]
        {
            ("bare Kestrel", BareAsync, []),
            ("a job each", EachAsync, []),
            ("one job, all attached", OneAsync, []),
        };
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var way in ways)
            {
                way.Costs.Add(await way.Run());
                await Console.Error.WriteLineAsync($"round {round} of {rounds}: {way.Name}, {way.Costs[^1].Cost.Total:0} µs each, the last after {way.Costs[^1].Last:0.0} s");
            }
        }

        var facts = Machine.Facts(cluster.Redis.Version);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("servers", "1 gateway, 1 silo, storage in Redis; jobs are ended by a client of the cluster in a process of its own");
        facts.Add("rounds", $"{rounds}, {count} waiters each; the one with the lower last answer");
        var figures = new Table("who waits", "CPU, µs each", "of it gateway", "of it silo", "last answer, s", "result to client p50, ms", "p99, ms");
        var goals = new List<Goal>();
        var bare = Best(ways[0].Costs);
        foreach (var way in ways)
        {
            var (cost, last) = Best(way.Costs);
            figures.Add(way.Name, cost.Total, cost.Gateways, cost.Silos, last, cost.Load.Woken.P50, cost.Load.Woken.P99);
            if (way != ways[0])
            {
                goals.Add(new($"CPU of gateway and silo, µs each, {way.Name}", CpuLimit, cost.Total, bare.Cost.Total));
                goals.Add(new($"last of {count} answers after s, {way.Name}", LastLimit, last, bare.Last));
            }
        }

        return new(Name, facts, figures) { Goals = goals };

        static (Cost Cost, double Last) Best(List<(Cost Cost, double Last)> costs) => costs.MinBy(one => one.Last);

        async Task<(Cost Cost, double Last)> BareAsync()
        {
            await OpenAsync($"POST {DemoClient.Address(floor, BenchTasks.Quick)}", () => WaiterRampUp.CountHeldAsync(floor, stop));
            return await EndAsync([floor], floor, count);
        }

        async Task<(Cost Cost, double Last)> EachAsync()
        {
            await OpenAsync($"POST {DemoClient.Address(gateway, BenchTasks.Quick)}", () => WaiterRampUp.CountHeldAsync(completer, stop));
            return await EndAsync([gateway], completer, count);
        }

        async Task<(Cost Cost, double Last)> OneAsync()
        {
            await first.AskAsync($"open 1 POST {DemoClient.Address(gateway, BenchTasks.Quick)}", stop);
            var job = (await completer.AskAsync("last", stop)).Split('/')[1];
            await OpenAsync($"GET {DemoClient.ResultAddress(gateway, job)}", () => calls.WaitingAsync([gateway], stop));
            var ended = await EndAsync([gateway], completer, 1);
            await first.AskAsync("close", stop);
            return ended;
        }

        async Task OpenAsync(string request, Func<Task<int>> waiting)
        {
            await WaiterRampUp.OpenAsync([client], [request], count, waiting, stop);
            await Task.Delay(Settling, stop);
        }

        async Task<(Cost Cost, double Last)> EndAsync(IReadOnlyList<Server> gateways, ChildServer completer, int jobs)
        {
            long begun = 0;
            var cost = await Cost.OfAsync(cluster, gateways, async () =>
            {
                begun = Stopwatch.GetTimestamp();
                var finished = completer.AskAsync($"finish {jobs}", stop);
                var load = await client.AskAsync("close", stop);
                await finished;
                return [load];
            });
            return (cost, Stopwatch.GetElapsedTime(begun, cost.Load.Last).TotalSeconds);
        }
    }
}
