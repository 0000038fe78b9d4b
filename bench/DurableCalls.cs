using System.Globalization;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>Calls whose jobs are stored, ended at once from outside, and stored again: their cost and latency by the number of clients.</summary>
internal sealed class DurableCalls : IBenchmark
{
    private const double Limit = 150;
    private const int Judged = 64;

    public string Name => "call";

    public string Options => "[--calls 20000] [--rounds 3] [--clients 1,4,16,64,256]";

    public string[] Small => ["--calls", "200", "--rounds", "1"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("calls", "rounds", "clients", "json");
        var calls = arguments.Number("calls", 20_000);
        var rounds = arguments.Number("rounds", 3);
        var clientsOfRows = (arguments.Text("clients") ?? "1,4,16,64,256").Split(',');
        int[] concurrencies = [.. clientsOfRows.Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        var load = Machine.Load;
        await using var cluster = await BenchCluster.StartAsync(0, 0, [], [], stop);
        await cluster.AddWithExternalExecutorAsync(1, 1, [], stop);
        var floor = await cluster.StartFloorAsync(stop);
        var client = await cluster.StartLoadAsync(stop);
        await Cost.OfCallsAsync(cluster, [floor], [client], BenchTasks.Quick, Judged, calls, stop);
        await Cost.OfCallsAsync(cluster, cluster.Gateways, [client], BenchTasks.Quick, Judged, 3 * calls, stop);

        var costs = concurrencies.ToDictionary(clients => clients, _ => (Floor: new List<Cost>(), Ours: new List<Cost>()));
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var clients in concurrencies)
            {
                costs[clients].Floor.Add(await MeasureAsync(floor, clients));
                costs[clients].Ours.Add(await MeasureAsync(cluster.Gateways[0], clients));
            }

            await Console.Error.WriteLineAsync($"round {round} of {rounds}");
        }

        var facts = Machine.Facts(cluster.Redis.Version);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("servers", "1 gateway, 1 silo, storage in Redis; jobs are ended by a client of the cluster in a process of its own");
        facts.Add("rounds", $"{rounds}, each of {calls} calls a row (of 1 client a tenth); medians by CPU");
        var figures = new Table(
            "clients", "CPU, µs a call", "of it gateway", "of it silo", "Redis, µs", "calls a second", "p50, ms", "p99, ms",
            "floor CPU, µs", "floor calls a second", "floor p50, ms", "floor p99, ms");
        var latency = new Plot("call", "Latency against load", "clients", "ms") { IsLogarithmic = true };
        var medians = costs.Select(cost => (Clients: cost.Key, Floor: Cost.Median(cost.Value.Floor), Ours: Cost.Median(cost.Value.Ours))).ToList();
        foreach (var (clients, bare, ours) in medians)
        {
            figures.Add(
                clients, ours.Total, ours.Gateways, ours.Silos, ours.Redis, ours.PerSecond, ours.Load.Taken.P50, ours.Load.Taken.P99,
                bare.Total, bare.PerSecond, bare.Load.Taken.P50, bare.Load.Taken.P99);
        }

        latency.Add("p50", medians.Select(one => ((double)one.Clients, one.Ours.Load.Taken.P50)));
        latency.Add("p99", medians.Select(one => ((double)one.Clients, one.Ours.Load.Taken.P99)));
        latency.Add("floor, p50", medians.Select(one => ((double)one.Clients, one.Floor.Load.Taken.P50)));
        latency.Add("floor, p99", medians.Select(one => ((double)one.Clients, one.Floor.Load.Taken.P99)));
        return new(Name, facts, figures)
        {
            Goals =
            [
                .. medians.Where(one => one.Clients == Judged).Select(judged =>
                    new Goal($"CPU of gateway and silo at {Judged} clients, µs a call", Limit, judged.Ours.Total, judged.Floor.Total)),
            ],
            Plots = [latency],
        };

        Task<Cost> MeasureAsync(Server gateway, int clients) => Cost.OfCallsAsync(
            cluster, [gateway], [client], BenchTasks.Quick, clients, clients == 1 ? Math.Max(calls / 10, 1) : calls, stop);
    }
}
