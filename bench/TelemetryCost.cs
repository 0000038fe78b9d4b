using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using SyncCluster.Bench.Children;

namespace SyncCluster.Bench;

/// <summary>
/// What metrics and traces cost a call, and a call that waits: clusters that differ in nothing else stand side by side and are called in turn, so
/// that whatever else the machine does meets all of them.
/// </summary>
internal sealed class TelemetryCost : IBenchmark
{
    private const int Clients = 64;

    /// <summary>Calls before the first that is measured: until then code is compiled again.</summary>
    private const int WarmUp = 20_000;

    private const string Off = "off";
    private const string Before = "before, off";
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    public string Name => "telemetry";

    public string Options => "[--pairs 25] [--calls 2000] [--waiters 1000] [--before FOLDER of another build's bench]";

    public string[] Small => ["--pairs", "2", "--calls", "100", "--waiters", "50"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("pairs", "calls", "waiters", "before", "json");
        var pairs = arguments.Number("pairs", 25);
        var calls = arguments.Number("calls", 2000);
        var waiters = arguments.Number("waiters", 1000);
        var load = Machine.Load;
        await using var collector = await StartCollectorAsync();
        var variants = VariantsOf(collector.Urls.Single(), arguments.Text("before"));
        try
        {
            foreach (var variant in variants)
            {
                await variant.StartAsync(waiters, stop);
                await variant.CallAsync(Math.Min(WarmUp, 10 * calls), stop);
            }

            await MeasureAsync("call", pairs, variants, variant => variant.Calls, variant => variant.CallAsync(calls, stop));
            foreach (var variant in variants)
            {
                await variant.HoldAsync(stop);
                await variant.WaitAsync(waiters, stop);
            }

            await MeasureAsync("waiters", pairs, variants, variant => variant.Waits, variant => variant.WaitAsync(waiters, stop));

            var facts = Machine.Facts(variants[0].Cluster.Redis.Version);
            facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
            facts.Add("servers", "of each kind 1 gateway, 1 silo and 1 Redis, all at the same time; jobs are ended by a client of the cluster");
            facts.Add("pairs", $"{pairs}, each of {calls} calls of {Clients} clients, and of {waiters} calls that wait together, with each kind");
            return ReportOf(facts, variants);
        }
        finally
        {
            foreach (var variant in variants)
            {
                await variant.DisposeAsync();
            }
        }
    }

    private static List<Variant> VariantsOf(string collector, string? before)
    {
        Dictionary<string, string> metrics = new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",

            // So that what is sent falls into what is measured.
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "5000",
        };
        List<Variant> variants =
        [
            new(Off, []) { Limit = null },
            new("metrics", new(metrics) { ["OTEL_TRACES_EXPORTER"] = "none" }) { Limit = 3 },
            new("metrics, 1 % of traces", new(metrics) { ["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio", ["OTEL_TRACES_SAMPLER_ARG"] = "0.01" }) { Limit = 5 },
        ];
        if (before is not null)
        {
            variants.Add(new(Before, []) { Limit = 1, Programs = before });
        }

        return variants;
    }

    /// <summary>Takes what is sent and drops it.</summary>
    private static async Task<WebApplication> StartCollectorAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async http =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null, http.RequestAborted);
            http.Response.ContentType = "application/x-protobuf";
        });
        await app.StartAsync();
        return app;
    }

    private static async Task MeasureAsync(
        string part, int pairs, List<Variant> variants, Func<Variant, List<double>> figures, Func<Variant, Task<double>> measure)
    {
        for (var pair = 0; pair < pairs; pair++)
        {
            // None of them always follows the same one.
            foreach (var variant in Enumerable.Range(pair, variants.Count).Select(place => variants[place % variants.Count]))
            {
                figures(variant).Add(await measure(variant));
            }

            await Console.Error.WriteLineAsync($"{part}: pair {pair + 1} of {pairs}");
        }
    }

    private Report ReportOf(Table facts, List<Variant> variants)
    {
        var figures = new Table("part", "servers", "CPU, µs a call", "against", "more, %", "95 % from, %", "to, %");
        var goals = new List<Goal>();
        foreach (var (part, of) in ((string, Func<Variant, List<double>>)[])[("call", variant => variant.Calls), ("waiters", variant => variant.Waits)])
        {
            var off = variants[0];
            figures.Add(part, Off, Median(of(off)), null, null, null, null);
            foreach (var other in variants.Skip(1))
            {
                // Of the build before it is that build which the other one is compared with.
                var (one, reference) = other.Name == Before ? (off, other) : (other, off);
                var (ratio, from, to) = Interval([.. of(one).Zip(of(reference), (cost, against) => 100 * ((cost / against) - 1))]);
                figures.Add(part, one.Name, Median(of(one)), reference.Name, ratio, from, to);
                goals.Add(new($"{part}: {one.Name}, against {reference.Name}, % more, upper bound", other.Limit!.Value, to, null));
            }
        }

        return new(Name, facts, figures) { Goals = goals };
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>
    /// The median and its interval of 95 %, which asks nothing of the distribution: the median lies between two values in their order, with a chance
    /// that the binomial distribution gives. With less than six values it is the least and the greatest of them.
    /// </summary>
    private static (double Median, double From, double To) Interval(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        var (outside, below, chance) = (0, 0.0, Math.Pow(0.5, sorted.Length));
        for (var rank = 0; rank < sorted.Length / 2; rank++)
        {
            below += chance;
            if (below > 0.025)
            {
                break;
            }

            outside = rank;
            chance *= (double)(sorted.Length - rank) / (rank + 1);
        }

        return (Median(values), sorted[outside], sorted[^(outside + 1)]);
    }

    /// <summary>A cluster whose servers are set up in one way.</summary>
    private sealed class Variant(string name, Dictionary<string, string> variables) : IAsyncDisposable
    {
        private BenchCluster? _cluster;
        private ChildServer? _completer;
        private ChildServer? _client;

        public string Name => name;

        /// <summary>How many percent more it may cost at most, by the upper bound; null for what is compared with.</summary>
        public double? Limit { get; init; }

        /// <summary>The folder of its programs; null for this build's.</summary>
        public string? Programs { get; init; }

        public BenchCluster Cluster => _cluster!;

        /// <summary>Microseconds a call, of each pair.</summary>
        public List<double> Calls { get; } = [];

        /// <summary>The same of calls that wait.</summary>
        public List<double> Waits { get; } = [];

        public async Task StartAsync(int waiters, CancellationToken stop)
        {
            _cluster = await BenchCluster.StartAsync(0, 0, [], [], stop);
            _cluster.Variables = variables;
            _cluster.Programs = Programs ?? _cluster.Programs;
            _completer = await _cluster.AddWithExternalExecutorAsync(1, 1, [$"--Limits:Waiters={waiters + 100}"], stop);
            _client = await _cluster.StartLoadAsync(stop);
        }

        public async Task<double> CallAsync(int calls, CancellationToken stop) =>
            (await Cost.OfCallsAsync(Cluster, Cluster.Gateways, [_client!], BenchTasks.Quick, Clients, calls, stop)).Total;

        /// <summary>Has jobs end only when they are told to.</summary>
        public Task<string> HoldAsync(CancellationToken stop) => _completer!.AskAsync("hold", stop);

        public async Task<double> WaitAsync(int waiters, CancellationToken stop) => (await Cost.OfAsync(Cluster, Cluster.Gateways, async () =>
        {
            await WaiterRampUp.OpenAsync(
                [_client!],
                [$"POST {DemoClient.Address(Cluster.Gateways[0], BenchTasks.Quick)}"],
                waiters,
                () => WaiterRampUp.CountHeldAsync(_completer!, stop),
                stop);
            await Task.Delay(Settling, stop);
            var finished = _completer!.AskAsync($"finish {waiters}", stop);
            var load = await _client!.AskAsync("close", stop);
            await finished;
            return [load];
        })).Total;

        public async ValueTask DisposeAsync()
        {
            if (_cluster is not null)
            {
                await _cluster.DisposeAsync();
            }
        }
    }
}
