using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using SyncCluster.Bench.Children;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>
/// What metrics and traces cost a call, and a call that waits. The servers have their telemetry switched while they run, from round to round, and the
/// rounds are so short that whatever else the machine does meets all states. All servers are started anew several times, since each process has its
/// own compiled code and its own place in memory, and the interval is that of the starts.
/// </summary>
internal sealed class TelemetryCost : IBenchmark
{
    private const int Clients = 64;

    /// <summary>Calls after a switch that are not measured: the first ones make what the next ones find.</summary>
    private const int CallsToWarm = 200;

    private const int WaitersToWarm = 20;

    /// <summary>What the rounds of a warm-up and of the next one may differ by once all code is compiled.</summary>
    private const double Settled = 0.05;

    private const int MaxWarmUps = 6;
    private const int WarmUpRounds = 6;

    /// <summary>How often metrics are collected to see what that costs.</summary>
    private const int Collections = 10;

    /// <summary>Until what a round has left to do is done: acknowledgements, activations that end.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(30);

    public string Name => "telemetry";

    public string Options => "[--starts 10] [--rounds 20] [--calls 1000] [--waiters 200] [--states LeftOut,Off,Metrics,Traces]";

    public string[] Small => ["--starts", "2", "--rounds", "2", "--calls", "100", "--waiters", "50"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("starts", "rounds", "calls", "waiters", "states", "json");
        var starts = Math.Max(2, arguments.Number("starts", 10));
        var rounds = arguments.Number("rounds", 20);
        var (calls, waiters) = (arguments.Number("calls", 1000), arguments.Number("waiters", 200));
        var states = StatesOf(arguments.Text("states"));
        var load = Machine.Load;
        var sent = new ConcurrentDictionary<string, long>();
        await using var collector = await StartCollectorAsync(sent);
        Part[] parts =
        [
            new("call", states, (servers, measured) => servers.CallAsync(measured ? calls : CallsToWarm, stop)),
            new("waiters", states, (servers, measured) => servers.WaitAsync(measured ? waiters : WaitersToWarm, stop)),
        ];
        var collections = new List<double>();
        var redis = "";
        for (var start = 1; start <= starts; start++)
        {
            await using var servers = await Servers.StartAsync(collector.Urls.Single(), waiters, stop);
            redis = servers.Redis;
            var warmUps = 0;
            foreach (var part in parts)
            {
                await servers.PrepareAsync(holdsJobs: part != parts[0], stop);
                warmUps += await MeasureAsync(servers, part, rounds, stop);
            }

            collections.Add(await servers.CollectAsync(Collections, stop));
            await Console.Error.WriteLineAsync($"start {start} of {starts}: {warmUps} warm-ups; " + string.Join("; ", parts.SelectMany(part =>
                part.Compared().Select(pair => $"{part.Name}, {pair.One}: {part.More(pair.One, pair.Reference)[^1]:0.0} %"))));
        }

        var facts = Machine.Facts(redis);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("servers", "1 gateway, 1 silo and 1 Redis, whose telemetry is switched from round to round; jobs are ended by a client of the cluster");
        facts.Add(
            "rounds",
            $"{starts} starts of all servers, {rounds} rounds each with each state, of {calls} calls of {Clients} clients, and of {waiters} that wait together");
        if (sent.GetValueOrDefault("/v1/metrics") == 0 || (states.Contains(TelemetryState.Traces) && sent.GetValueOrDefault("/v1/traces") == 0))
        {
            throw new InvalidOperationException($"The servers have not sent what was measured: {string.Join(", ", sent)}.");
        }

        var (collection, around) = Student.Interval(collections);
        facts.Add(
            "a collection of the metrics, once a minute and in no round", $"{collection:0.0} ± {around:0.0} ms of CPU in gateway and silo together");
        facts.Add("sent, KiB", string.Join(", ", sent.OrderBy(kind => kind.Key).Select(kind => $"{kind.Key} {kind.Value / 1024}")));
        return ReportOf(facts, parts);
    }

    /// <exception cref="ArgumentException">There is no such state, or this build does not have it.</exception>
    private static TelemetryState[] StatesOf(string? names)
    {
        var all = Enum.GetValues<TelemetryState>().Where(state => TelemetrySwitch.CanLeaveOut || state != TelemetryState.LeftOut);
        TelemetryState[] states = names is null ? [.. all] : [.. names.Split(',').Select(name => Enum.TryParse<TelemetryState>(name, out var state)
            ? state
            : throw new ArgumentException($"There is no state {name}: {string.Join(", ", Enum.GetNames<TelemetryState>())}."))];
        return states.Except(all).Any() ? throw new ArgumentException("Only a build by bench/switchable-telemetry can leave its telemetry out.") : states;
    }

    /// <summary>Takes what is sent, counts its bytes by path, and drops it.</summary>
    private static async Task<WebApplication> StartCollectorAsync(ConcurrentDictionary<string, long> sent)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async http =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null, http.RequestAborted);
            sent.AddOrUpdate(http.Request.Path, _ => http.Request.ContentLength ?? 0, (_, bytes) => bytes + (http.Request.ContentLength ?? 0));
            http.Response.ContentType = "application/x-protobuf";
        });
        await app.StartAsync();
        return app;
    }

    /// <summary>Measures until the servers are warm, and then what counts. Returns how many warm-ups there were.</summary>
    private static async Task<int> MeasureAsync(Servers servers, Part part, int rounds, CancellationToken stop)
    {
        var few = Math.Min(rounds, WarmUpRounds);
        var (before, warmUps) = (await RoundsAsync(servers, part, few, stop), 1);
        for (var isWarm = false; !isWarm && warmUps < MaxWarmUps; warmUps++)
        {
            var after = await RoundsAsync(servers, part, few, stop);
            isWarm = part.States.All(state => Math.Abs((Middle(after[state]) / Middle(before[state])) - 1) <= Settled);
            before = after;
        }

        part.Add(await RoundsAsync(servers, part, rounds, stop));
        return warmUps;
    }

    /// <summary>In each round all states are measured once, in an order that is drawn anew.</summary>
    private static async Task<Dictionary<TelemetryState, double[]>> RoundsAsync(Servers servers, Part part, int rounds, CancellationToken stop)
    {
        var costs = part.States.ToDictionary(state => state, _ => new double[rounds]);
        TelemetryState[] order = [.. part.States];
        for (var round = 0; round < rounds; round++)
        {
            Random.Shared.Shuffle(order);
            foreach (var state in order)
            {
                await servers.SetAsync(state, stop);
                await part.CostAsync(servers, false);
                costs[state][round] = await part.CostAsync(servers, true);
            }
        }

        return costs;
    }

    private Report ReportOf(Table facts, Part[] parts)
    {
        var figures = new Table("part", "telemetry", "CPU, µs a call", "against", "more, %", "95 % from, %", "to, %");
        var goals = new List<Goal>();
        foreach (var part in parts)
        {
            figures.Add(part.Name, NameOf(part.States[0]), part.Cost(part.States[0]), null, null, null, null);
            foreach (var (one, reference, limit) in part.Compared())
            {
                var (more, half) = Student.Interval(part.More(one, reference));
                figures.Add(part.Name, NameOf(one), part.Cost(one), NameOf(reference), more, more - half, more + half);
                goals.Add(new($"{part.Name}: {NameOf(one)}, against {NameOf(reference)}, % more, upper bound", limit, more + half, null));
            }
        }

        return new(Name, facts, figures) { Goals = goals };
    }

    private static string NameOf(TelemetryState state) => state switch
    {
        TelemetryState.LeftOut => "left out of the code",
        TelemetryState.Off => "off",
        TelemetryState.Metrics => "metrics",
        _ => "metrics, 1 % of traces",
    };

    /// <summary>The mean of the middle half of values: what disturbs single rounds does not count.</summary>
    private static double Middle(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(sorted.Length / 4)..(sorted.Length - (sorted.Length / 4))].Average();
    }

    /// <summary>A kind of calls, and what they have cost.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="States">The states in which they are measured.</param>
    /// <param name="CostAsync">What one costs of a round of them: microseconds a call. The second argument is false for a few that warm up.</param>
    private sealed record Part(string Name, TelemetryState[] States, Func<Servers, bool, Task<double>> CostAsync)
    {
        private readonly Dictionary<TelemetryState, List<double[]>> _costs = States.ToDictionary(state => state, _ => new List<double[]>());

        /// <summary>Adds the rounds of a start.</summary>
        public void Add(Dictionary<TelemetryState, double[]> rounds)
        {
            foreach (var (state, costs) in rounds)
            {
                _costs[state].Add(costs);
            }
        }

        /// <summary>Microseconds a call.</summary>
        public double Cost(TelemetryState state) => Middle(_costs[state].SelectMany(costs => costs));

        /// <summary>How many percent more one state has cost than another, of each start: in the middle half of its rounds.</summary>
        public List<double> More(TelemetryState one, TelemetryState reference) =>
            [.. _costs[one].Zip(_costs[reference], (costs, against) => 100 * (Middle(costs.Zip(against, (cost, other) => cost / other)) - 1))];

        /// <summary>Which states are compared with which, and how many percent more the first may cost at most, by the upper bound.</summary>
        public IEnumerable<(TelemetryState One, TelemetryState Reference, double Limit)> Compared()
        {
            (TelemetryState One, TelemetryState Reference, double Limit)[] all =
            [
                (TelemetryState.Off, TelemetryState.LeftOut, 1), (TelemetryState.Metrics, TelemetryState.Off, 3), (TelemetryState.Traces, TelemetryState.Off, 5),
            ];
            return all.Where(pair => States.Contains(pair.One) && States.Contains(pair.Reference));
        }
    }

    /// <summary>A cluster, until it is started anew.</summary>
    private sealed class Servers : IAsyncDisposable
    {
        private readonly HttpClient _http = new();
        private readonly BenchCluster _cluster;
        private readonly ChildServer _completer;
        private readonly ChildServer _client;
        private TelemetryState _state = TelemetryState.Traces;

        private Servers(BenchCluster cluster, ChildServer completer, ChildServer client) => (_cluster, _completer, _client) = (cluster, completer, client);

        public string Redis => _cluster.Redis.Version;

        private Uri Address => DemoClient.Address(_cluster.Gateways[0], BenchTasks.Quick);

        private IEnumerable<Server> All => _cluster.Gateways.Concat(_cluster.Silos);

        public static async Task<Servers> StartAsync(string collector, int waiters, CancellationToken stop)
        {
            var cluster = await BenchCluster.StartAsync(0, 0, [], [], stop);
            try
            {
                cluster.Variables = new Dictionary<string, string>
                {
                    ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector,
                    ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                    ["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio",
                    ["OTEL_TRACES_SAMPLER_ARG"] = "0.01",
                };
                var completer = await cluster.AddSwitchedAsync(1, 1, [$"--Limits:Waiters={waiters + 100}"], stop);
                return new(cluster, completer, await cluster.StartLoadAsync(stop));
            }
            catch
            {
                await cluster.DisposeAsync();
                throw;
            }
        }

        /// <summary>Has jobs end at once, or only when they are told to, from now on.</summary>
        public Task PrepareAsync(bool holdsJobs, CancellationToken stop) => holdsJobs ? _completer.AskAsync("hold", stop) : Task.CompletedTask;

        public async Task SetAsync(TelemetryState state, CancellationToken stop)
        {
            _state = state;
            await Task.WhenAll(All.Select(server => TelemetrySwitch.SetAsync(_http, server, state, stop)));
        }

        /// <summary>Milliseconds of processor time that a collection of the metrics takes in all servers together.</summary>
        public async Task<double> CollectAsync(int times, CancellationToken stop)
        {
            await SetAsync(TelemetryState.Metrics, stop);
            await WaitAsync(WaitersToWarm, stop);
            await CollectAllAsync();
            var before = Cost.Cpu(All);
            for (var time = 0; time < times; time++)
            {
                await CollectAllAsync();
            }

            return (Cost.Cpu(All) - before).TotalMilliseconds / times;

            Task CollectAllAsync() => Task.WhenAll(All.Select(server => TelemetrySwitch.CollectAsync(_http, server, stop)));
        }

        public Task<double> CallAsync(int calls, CancellationToken stop) =>
            CostAsync(() => _client.AskAsync($"run {Clients} {calls} POST {Address}", stop), stop);

        public Task<double> WaitAsync(int waiters, CancellationToken stop) => CostAsync(
            async () =>
            {
                await WaiterRampUp.OpenAsync([_client], [$"POST {Address}"], waiters, () => WaiterRampUp.CountHeldAsync(_completer, stop), stop);
                await Task.Delay(Settling, stop);
                var finished = _completer.AskAsync($"finish {waiters}", stop);
                var load = await _client.AskAsync("close", stop);
                await finished;
                return load;
            },
            stop);

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            await _cluster.DisposeAsync();
        }

        /// <summary>What work costs, and to send the spans of it, which is done more often here than every five seconds.</summary>
        private async Task<double> CostAsync(Func<Task<string>> work, CancellationToken stop)
        {
            var cost = await Cost.OfAsync(_cluster, _cluster.Gateways, async () =>
            {
                var load = await work();
                if (_state == TelemetryState.Traces)
                {
                    await Task.WhenAll(All.Select(server => TelemetrySwitch.FlushAsync(_http, server, stop)));
                }

                await Task.Delay(Settling, stop);
                return [load];
            });
            return cost.Total;
        }
    }
}
