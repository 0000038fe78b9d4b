using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using SyncCluster.Bench.Children;

namespace SyncCluster.Bench;

/// <summary>
/// What metrics and traces cost a call, and a call that waits: clusters that differ in nothing else stand side by side and are called in turn, in
/// rounds so short that whatever else the machine does meets all of them. Two equal processes differ as well, for as long as they run: by what was
/// compiled when, and where it lies. So all are started anew several times, and the interval is that of the starts.
/// </summary>
internal sealed class TelemetryCost : IBenchmark
{
    private const int Clients = 64;

    /// <summary>What the rounds of a warm-up and of the next one may differ by once all code is compiled.</summary>
    private const double Settled = 0.05;

    private const int MaxWarmUps = 6;
    private const int WarmUpRounds = 14;

    private const string Off = "off";
    private const string Before = "before, off";

    /// <summary>Until what a round has left to do is done: acknowledgements, activations that end.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(30);

    public string Name => "telemetry";

    public string Options =>
        "[--starts 7] [--rounds 40] [--calls 500] [--waiters 200] [--kinds off,metrics,traces] [--before FOLDER of another build's bench]";

    public string[] Small => ["--starts", "2", "--rounds", "2", "--calls", "100", "--waiters", "50"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("starts", "rounds", "calls", "waiters", "kinds", "before", "json");
        var starts = Math.Max(2, arguments.Number("starts", 7));
        var rounds = arguments.Number("rounds", 40);
        var (calls, waiters) = (arguments.Number("calls", 500), arguments.Number("waiters", 200));
        var load = Machine.Load;
        await using var collector = await StartCollectorAsync();
        var kinds = KindsOf(collector.Urls.Single(), arguments.Text("kinds") ?? "off,metrics,traces", arguments.Text("before"));
        var redis = "";
        for (var start = 1; start <= starts; start++)
        {
            var variants = new List<Variant>();
            try
            {
                foreach (var kind in Shuffled(kinds))
                {
                    variants.Add(new(kind));
                    await variants[^1].StartAsync(waiters, stop);
                }

                redis = variants[0].Redis;
                var warmUps = await MeasureAsync(variants, rounds, kind => kind.Calls, variant => variant.CallAsync(calls, stop));
                foreach (var variant in variants)
                {
                    await variant.HoldAsync(stop);
                }

                warmUps += await MeasureAsync(variants, rounds, kind => kind.Waits, variant => variant.WaitAsync(waiters, stop));
                await Console.Error.WriteLineAsync($"start {start} of {starts}: {warmUps} warm-ups; " + string.Join("; ", kinds.Skip(1).Select(kind =>
                    $"{kind.Name} {More(kind.Calls, kinds[0].Calls)[^1]:0.0} %, waiters {More(kind.Waits, kinds[0].Waits)[^1]:0.0} %")));
            }
            finally
            {
                foreach (var variant in variants)
                {
                    await variant.DisposeAsync();
                }
            }
        }

        var facts = Machine.Facts(redis);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("servers", "of each kind 1 gateway, 1 silo and 1 Redis, all at the same time; jobs are ended by a client of the cluster");
        facts.Add(
            "rounds",
            $"{starts} starts of all servers, {rounds} rounds each with each kind, of {calls} calls of {Clients} clients, and of {waiters} that wait together");
        return ReportOf(facts, kinds);
    }

    private static List<Kind> KindsOf(string collector, string names, string? before)
    {
        Dictionary<string, string> metrics = new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        };
        List<Kind> kinds =
        [
            .. names.Split(',').Select((name, place) => name switch
            {
                "off" => new Kind(place == 0 ? Off : "off, once more", []) { Limit = 1 },
                "metrics" => new("metrics", new(metrics) { ["OTEL_TRACES_EXPORTER"] = "none" }) { Limit = 3 },
                "traces" => new(
                    "metrics, 1 % of traces",
                    new(metrics) { ["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio", ["OTEL_TRACES_SAMPLER_ARG"] = "0.01" }) { Limit = 5 },
                _ => throw new ArgumentException($"There is no kind {name}: off, metrics, traces."),
            }),
        ];
        if (before is not null)
        {
            kinds.Add(new(Before, []) { Limit = 1, Programs = before });
        }

        return kinds;
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

    /// <summary>Measures until the servers are warm, and then what counts. Returns how many warm-ups there were.</summary>
    private static async Task<int> MeasureAsync(
        List<Variant> variants, int rounds, Func<Kind, List<double[]>> figures, Func<Variant, Task<double>> measure)
    {
        var few = Math.Min(rounds, WarmUpRounds);
        var (before, warmUps) = (await MeasureAsync(variants, few, measure), 1);
        for (var isWarm = false; !isWarm && warmUps < MaxWarmUps; warmUps++)
        {
            var after = await MeasureAsync(variants, few, measure);
            isWarm = variants.TrueForAll(variant => Math.Abs((Middle(after[variant]) / Middle(before[variant])) - 1) <= Settled);
            before = after;
        }

        foreach (var (variant, costs) in await MeasureAsync(variants, rounds, measure))
        {
            figures(variant.Kind).Add([.. costs]);
        }

        return warmUps;
    }

    /// <summary>In each round all are measured once, in an order that is drawn anew.</summary>
    private static async Task<Dictionary<Variant, List<double>>> MeasureAsync(List<Variant> variants, int rounds, Func<Variant, Task<double>> measure)
    {
        var costs = variants.ToDictionary(variant => variant, _ => new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            foreach (var variant in Shuffled(variants))
            {
                costs[variant].Add(await measure(variant));
            }
        }

        return costs;
    }

    private static T[] Shuffled<T>(List<T> values)
    {
        T[] shuffled = [.. values];
        Random.Shared.Shuffle(shuffled);
        return shuffled;
    }

    private Report ReportOf(Table facts, List<Kind> kinds)
    {
        var figures = new Table("part", "servers", "CPU, µs a call", "against", "more, %", "95 % from, %", "to, %");
        var goals = new List<Goal>();
        foreach (var (part, of) in ((string, Func<Kind, List<double[]>>)[])[("call", kind => kind.Calls), ("waiters", kind => kind.Waits)])
        {
            var off = kinds[0];
            figures.Add(part, off.Name, Middle(of(off).SelectMany(costs => costs)), null, null, null, null);
            foreach (var other in kinds.Skip(1))
            {
                // Of the build before it is that build which the other one is compared with.
                var (one, reference) = other.Name == Before ? (off, other) : (other, off);
                var (more, half) = Student.Interval(More(of(one), of(reference)));
                figures.Add(part, one.Name, Middle(of(one).SelectMany(costs => costs)), reference.Name, more, more - half, more + half);
                goals.Add(new($"{part}: {one.Name}, against {reference.Name}, % more, upper bound", other.Limit, more + half, null));
            }
        }

        return new(Name, facts, figures) { Goals = goals };
    }

    /// <summary>How many percent more one has cost than the other, of each start: in the middle half of its rounds.</summary>
    private static List<double> More(List<double[]> one, List<double[]> other) =>
        [.. one.Zip(other, (costs, against) => 100 * (Middle(costs.Zip(against, (cost, reference) => cost / reference)) - 1))];

    /// <summary>The mean of the middle half of values: what disturbs single rounds does not count.</summary>
    private static double Middle(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(sorted.Length / 4)..(sorted.Length - (sorted.Length / 4))].Average();
    }

    /// <summary>How servers are set up, and what they have cost.</summary>
    private sealed record Kind(string Name, Dictionary<string, string> Variables)
    {
        /// <summary>How many percent more it may cost at most, by the upper bound.</summary>
        public required double Limit { get; init; }

        /// <summary>The folder of its programs; null for this build's.</summary>
        public string? Programs { get; init; }

        /// <summary>Microseconds a call, of each round of each start.</summary>
        public List<double[]> Calls { get; } = [];

        /// <summary>The same of calls that wait.</summary>
        public List<double[]> Waits { get; } = [];
    }

    /// <summary>The cluster of a kind, until all are started anew.</summary>
    private sealed class Variant(Kind kind) : IAsyncDisposable
    {
        private BenchCluster? _cluster;
        private ChildServer? _completer;
        private ChildServer? _client;

        public Kind Kind => kind;

        public string Redis => _cluster!.Redis.Version;

        public async Task StartAsync(int waiters, CancellationToken stop)
        {
            _cluster = await BenchCluster.StartAsync(0, 0, [], [], stop, kind.Programs);
            _cluster.Variables = kind.Variables;
            _completer = await _cluster.AddWithExternalExecutorAsync(1, 1, [$"--Limits:Waiters={waiters + 100}"], stop);
            _client = await _cluster.StartLoadAsync(stop);
        }

        public Task<double> CallAsync(int calls, CancellationToken stop) =>
            CostAsync(() => _client!.AskAsync($"run {Clients} {calls} POST {Address}", stop), stop);

        /// <summary>Has jobs end only when they are told to, from now on.</summary>
        public Task<string> HoldAsync(CancellationToken stop) => _completer!.AskAsync("hold", stop);

        public Task<double> WaitAsync(int waiters, CancellationToken stop) => CostAsync(
            async () =>
            {
                await WaiterRampUp.OpenAsync([_client!], [$"POST {Address}"], waiters, () => WaiterRampUp.CountHeldAsync(_completer!, stop), stop);
                await Task.Delay(Settling, stop);
                var finished = _completer!.AskAsync($"finish {waiters}", stop);
                var load = await _client!.AskAsync("close", stop);
                await finished;
                return load;
            },
            stop);

        public async ValueTask DisposeAsync()
        {
            if (_cluster is not null)
            {
                await _cluster.DisposeAsync();
            }
        }

        private Uri Address => DemoClient.Address(_cluster!.Gateways[0], BenchTasks.Quick);

        private async Task<double> CostAsync(Func<Task<string>> work, CancellationToken stop)
        {
            var cost = await Cost.OfAsync(_cluster!, _cluster!.Gateways, async () =>
            {
                var load = await work();
                await Task.Delay(Settling, stop);
                return [load];
            });
            return cost.Total;
        }
    }
}
