using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>Calls of a dummy task, whose job ends in the write that creates it, in one process and in a cluster.</summary>
internal sealed class DummyCalls : IBenchmark
{
    private const double Limit = 90;
    private const int Clients = 64;

    public string Name => "dummy";

    public string Options => "[--calls 20000] [--rounds 3]";

    public string[] Small => ["--calls", "200", "--rounds", "1"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("calls", "rounds", "json");
        var calls = arguments.Number("calls", 20_000);
        var rounds = arguments.Number("rounds", 3);
        var load = Machine.Load;
        await using var cluster = await BenchCluster.StartAsync(1, 1, [], [], stop);
        await using var embedded = await BenchCluster.StartAsync(0, 1, [], [], stop);
        var client = await cluster.StartLoadAsync(stop);
        var floor = await cluster.StartFloorAsync(stop);
        (string Name, BenchCluster Cluster, Server Gateway, List<Cost> Costs)[] ways =
        [
            ("bare Kestrel", embedded, floor, []),
            ("embedded: one process, stored in its memory", embedded, embedded.Gateways[0], []),
            ("cluster: gateway and silo apart, stored in Redis", cluster, cluster.Gateways[0], []),
        ];
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var way in ways)
            {
                var cost = await Cost.OfCallsAsync(way.Cluster, [way.Gateway], [client], BenchTasks.Dummy, Clients, round == 0 ? 3 * calls : calls, stop);
                if (round > 0)
                {
                    way.Costs.Add(cost);
                }
            }

            await Console.Error.WriteLineAsync(round == 0 ? "warm" : $"round {round} of {rounds}");
        }

        var facts = Machine.Facts(cluster.Redis.Version);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("rounds", $"{rounds}, each of {calls} calls a row, {Clients} at a time; medians by CPU");
        var figures = new Table("what", "CPU, µs a call", "of it gateway", "of it silo", "Redis, µs", "calls a second", "p50, ms", "p99, ms");
        foreach (var way in ways)
        {
            var cost = Cost.Median(way.Costs);
            figures.Add(way.Name, cost.Total, cost.Gateways, cost.Silos, cost.Redis, cost.PerSecond, cost.Load.Taken.P50, cost.Load.Taken.P99);
        }

        var bare = Cost.Median(ways[0].Costs).Total;
        return new(Name, facts, figures)
        {
            Goals = [.. ways.Skip(1).Select(way => new Goal($"CPU, µs a call, {way.Name.Split(':')[0]}", Limit, Cost.Median(way.Costs).Total, bare))],
        };
    }
}
