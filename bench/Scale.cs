using SyncCluster.Bench.Children;

namespace SyncCluster.Bench;

/// <summary>The cost of a call that is ended from outside, by the number of silos and gateways.</summary>
internal sealed class Scale : IBenchmark
{
    private const double Limit = 1.3;
    private const int Clients = 64;
    private static readonly (int Silos, int Gateways)[] Layouts = [(1, 1), (2, 1), (4, 1), (1, 2), (2, 2), (4, 2)];

    public string Name => "scale";

    public string Options => "[--calls 15000] [--rounds 2]";

    public string[] Small => ["--calls", "200", "--rounds", "1"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("calls", "rounds", "json");
        var calls = arguments.Number("calls", 15_000);
        var rounds = arguments.Number("rounds", 2);
        var load = Machine.Load;
        var facts = Machine.Facts("");
        var figures = new Table("silos", "gateways", "CPU, µs a call", "of it gateways", "of it silos", "calls a second", "p99, ms", "times that of one");
        var goals = new List<Goal>();
        double? one = null;
        var floors = new List<Cost>();
        foreach (var (silos, gateways) in Layouts)
        {
            await using var cluster = await BenchCluster.StartAsync(0, 0, [], [], stop);
            await cluster.AddWithExternalExecutorAsync(silos, gateways, [], stop);
            facts = Machine.Facts(cluster.Redis.Version);
            var clients = new List<ChildServer>();
            for (var gateway = 0; gateway < gateways; gateway++)
            {
                clients.Add(await cluster.StartLoadAsync(stop));
            }

            // Warms up each silo and gateway.
            await MeasureAsync(4 * calls * Math.Max(silos, gateways));
            var costs = new List<Cost>();
            for (var round = 1; round <= rounds; round++)
            {
                costs.Add(await MeasureAsync(calls));
            }

            Task<Cost> MeasureAsync(int count) =>
                Cost.OfCallsAsync(cluster, cluster.Gateways, clients, BenchTasks.Quick, Clients / gateways, count / gateways, stop);

            var median = Cost.Median(costs);
            one ??= median.Total;
            figures.Add(
                silos, gateways, median.Total, median.Gateways, median.Silos, costs.Average(cost => cost.PerSecond), median.Load.Taken.P99, median.Total / one);
            if ((silos, gateways) != Layouts[0])
            {
                goals.Add(new($"times the CPU a call of one: silos {silos}, gateways {gateways}", Limit, median.Total / one.Value, null));
            }

            await Console.Error.WriteLineAsync($"silos {silos}, gateways {gateways}: {median.Total:0} µs");
        }

        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("rounds", $"{rounds} of {calls} calls for each row, {Clients} at a time over all gateways; medians by CPU");
        return new(Name, facts, figures) { Goals = goals };
    }
}
