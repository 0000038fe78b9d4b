using System.Globalization;
using System.Text.RegularExpressions;
using SyncCluster.Bench.Children;

namespace SyncCluster.Bench;

/// <summary>
/// The cost of a call that is ended from outside, by the number of silos and gateways. The control are clusters of one silo and one gateway each on
/// one Redis, which have nothing to tell each other. All clusters run at the same time, and their rounds alternate.
/// </summary>
internal sealed partial class Scale : IBenchmark
{
    private const string DefaultLayouts = "1x1,4*1x1,2x1,2x2,2x4,4x1,4x2,4x4";
    private const double Limit = 1.25;
    private const int ClientsOfOne = 64;
    private const int MaxWarmUps = 12;

    /// <summary>What two rounds may differ by once all code is compiled.</summary>
    private const double Settled = 0.05;

    public string Name => "scale";

    public string Options => $"[--calls 15000] [--rounds 2] [--layouts {DefaultLayouts}] [--clients per-silo,in-all] [--tasks one,many]";

    public string[] Small => ["--calls", "200", "--rounds", "1", "--layouts", "1x1,2*1x1,2x2"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("calls", "rounds", "layouts", "clients", "tasks", "json");
        var calls = arguments.Number("calls", 15_000);
        var rounds = arguments.Number("rounds", 2);
        Layout[] layouts = [.. (arguments.Text("layouts") ?? DefaultLayouts).Split(',').Select(Layout.Parse)];
        var clients = (arguments.Text("clients") ?? "per-silo,in-all").Split(',');
        var tasks = (arguments.Text("tasks") ?? "one,many").Split(',');
        var load = Machine.Load;
        var clusters = new List<ScaledCluster>();
        try
        {
            foreach (var layout in layouts)
            {
                clusters.Add(await ScaledCluster.StartAsync(layout, stop));
                await clusters[^1].WarmUpAsync(calls, stop);
            }

            return await MeasureAsync(clusters, calls, rounds, clients, tasks, load, stop);
        }
        finally
        {
            foreach (var cluster in clusters)
            {
                await cluster.DisposeAsync();
            }
        }
    }

    private async Task<Report> MeasureAsync(
        List<ScaledCluster> clusters, int calls, int rounds, string[] clients, string[] tasks, string load, CancellationToken stop)
    {
        Row[] rows =
        [
            .. from cluster in clusters from kind in clients from task in tasks select new Row(cluster, kind == "per-silo", task == "many"),
        ];
        var costs = rows.ToDictionary(row => row, _ => new List<Cost>());
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var row in rows)
            {
                costs[row].Add(await row.Cluster.MeasureAsync(row.Clients, calls, row.IsOfMany, stop));
            }

            await Console.Error.WriteLineAsync($"round {round} of {rounds}");
        }

        var figures = new Table(
            "servers and load", "CPU, µs a call", "of it gateways", "of it silos", "Redis, µs", "calls a second", "p50, ms", "p99, ms",
            "times the control");
        var goals = new List<Goal>();
        foreach (var row in rows)
        {
            var median = Cost.Median(costs[row]);
            var control = rows.FirstOrDefault(other =>
                other.Cluster.Layout is { Silos: 1 } separate && separate.Clusters == row.Cluster.Layout.Silos
                && (other.IsPerSilo, other.IsOfMany) == (row.IsPerSilo, row.IsOfMany));
            double? times = control is null ? null : median.Total / Cost.Median(costs[control]).Total;
            figures.Add(
                row.ToString(), median.Total, median.Gateways, median.Silos, median.Redis, median.PerSecond,
                median.Load.Taken.P50, median.Load.Taken.P99, times);
            if (times is not null && row is { IsPerSilo: true, Cluster.Layout.Clusters: 1, Cluster.Layout.Silos: > 1 })
            {
                goals.Add(new($"times the control: {row}", Limit, times.Value, null));
            }
        }

        var facts = Machine.Facts(clusters[0].Redis);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("rounds", $"{rounds} of {calls} calls for each row; medians by CPU");
        facts.Add("warm-up", string.Join("; ", clusters.Select(cluster => $"{cluster.Layout}: {cluster.WarmUps}")));
        return new(Name, facts, figures) { Goals = goals };
    }

    private sealed record Row(ScaledCluster Cluster, bool IsPerSilo, bool IsOfMany)
    {
        public int Clients => IsPerSilo ? ClientsOfOne * Cluster.Layout.AllSilos : ClientsOfOne;

        public override string ToString() =>
            $"{Cluster.Layout}, {ClientsOfOne} clients {(IsPerSilo ? "a silo" : "in all")}, {(IsOfMany ? "many tasks" : "one task")}";
    }

    /// <summary>So many clusters of so many silos and gateways each.</summary>
    private sealed partial record Layout(int Clusters, int Silos, int Gateways)
    {
        public int AllSilos => Clusters * Silos;

        public int AllGateways => Clusters * Gateways;

        /// <exception cref="ArgumentException">It has another form.</exception>
        public static Layout Parse(string text) => Form().Match(text) is { Success: true, Groups: var groups }
            ? new(groups[1].Success ? Number(groups[1]) : 1, Number(groups[2]), Number(groups[3]))
            : throw new ArgumentException($"A layout has the form 4x2 (silos, gateways) or 4*1x1 (separate clusters): {text}.");

        public override string ToString() =>
            $"{(Clusters > 1 ? $"{Clusters} separate clusters: " : "")}{Count(Silos, "silo")}, {Count(Gateways, "gateway")}";

        private static string Count(int count, string what) => $"{count} {what}{(count > 1 ? "s" : "")}";

        private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

        [GeneratedRegex("^(?:([1-9])[*])?([1-9][0-9]?)x([1-9])$")]
        private static partial Regex Form();
    }

    /// <summary>The servers of a layout, and a load generator for each gateway.</summary>
    private sealed class ScaledCluster : IAsyncDisposable
    {
        private readonly List<(BenchCluster Cluster, List<ChildServer> Clients)> _parts = [];

        private ScaledCluster(Layout layout) => Layout = layout;

        public Layout Layout { get; }

        public string Redis => _parts[0].Cluster.Redis.Version;

        /// <summary>The rounds until two of them cost the same.</summary>
        public string WarmUps { get; private set; } = "";

        public static async Task<ScaledCluster> StartAsync(Layout layout, CancellationToken stop)
        {
            var scaled = new ScaledCluster(layout);
            try
            {
                for (var part = 1; part <= layout.Clusters; part++)
                {
                    await scaled.AddAsync(layout.Clusters > 1 ? $"part-{part}" : null, stop);
                }
            }
            catch
            {
                await scaled.DisposeAsync();
                throw;
            }

            return scaled;
        }

        private async Task AddAsync(string? name, CancellationToken stop)
        {
            var cluster = await BenchCluster.StartAsync(0, 0, [], [], stop);
            var clients = new List<ChildServer>();
            _parts.Add((cluster, clients));
            await cluster.AddWithExternalExecutorAsync(
                Layout.Silos, Layout.Gateways, [], stop, name is null ? null : (name, _parts[0].Cluster.Redis.Endpoint));
            for (var gateway = 0; gateway < Layout.Gateways; gateway++)
            {
                clients.Add(await cluster.StartLoadAsync(stop));
            }
        }

        public async Task WarmUpAsync(int calls, CancellationToken stop)
        {
            var clients = ClientsOfOne * Layout.AllSilos;
            var costs = new List<double>();
            do
            {
                costs.Add((await MeasureAsync(clients, calls * Layout.AllSilos, isOfMany: true, stop)).Total);
            }
            while (costs.Count < MaxWarmUps && !IsSettled());

            WarmUps = string.Join(", ", costs.Select(cost => cost.ToString("0", CultureInfo.InvariantCulture))) + (IsSettled() ? "" : " (not warm)");
            await Console.Error.WriteLineAsync($"{Layout}: warmed up, µs a call: {WarmUps}");

            bool IsSettled() => costs.Count > 1 && Math.Abs((costs[^1] / costs[^2]) - 1) <= Settled;
        }

        /// <summary>Measures calls at all gateways at the same time.</summary>
        public async Task<Cost> MeasureAsync(int clients, int calls, bool isOfMany, CancellationToken stop)
        {
            var costs = await Task.WhenAll(_parts.Select(part => Cost.OfCallsAsync(
                part.Cluster,
                part.Cluster.Gateways,
                part.Clients,
                isOfMany ? BenchTasks.QuickOfMany : BenchTasks.Quick,
                clients / Layout.AllGateways,
                calls / Layout.AllGateways,
                stop)));
            return new(
                costs.Average(cost => cost.Gateways),
                costs.Average(cost => cost.Silos),
                costs.Average(cost => cost.Redis),
                costs.Sum(cost => cost.PerSecond),
                costs.MaxBy(cost => cost.Load.Taken.P99)!.Load);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var (cluster, _) in _parts)
            {
                await cluster.DisposeAsync();
            }
        }
    }
}
