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
/// own compiled code and its own place in memory, and the interval is that of the starts. Costs are compared as multiples of what the same work takes on
/// the same processors at the same time, and without the compiler's.
/// </summary>
internal sealed class TelemetryCost : IBenchmark
{
    private const int Clients = 64;

    /// <summary>Calls after a switch that are not measured: the first ones make what the next ones find.</summary>
    private const int CallsToWarm = 200;

    private const int WaitersToWarm = 20;

    /// <summary>Rounds of each state that are not counted, until all code is compiled.</summary>
    private const int WarmUpRounds = 10;

    /// <summary>How often metrics and spans are sent to see what that costs.</summary>
    private const int Sendings = 10;

    public string Name => "telemetry";

    public string Options => "[--starts 10] [--rounds 24] [--calls 2000] [--waiters 400] [--states Off,Repeated,Metrics,Traces]";

    public string[] Small => ["--starts", "2", "--rounds", "2", "--calls", "100", "--waiters", "50"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("starts", "rounds", "calls", "waiters", "states", "json");
        var starts = Math.Max(2, arguments.Number("starts", 10));
        var rounds = arguments.Number("rounds", 24);
        var (calls, waiters) = (arguments.Number("calls", 2000), arguments.Number("waiters", 400));
        var states = StatesOf(arguments.Text("states"));
        var load = Machine.Load;
        var sent = new ConcurrentDictionary<string, long>();
        await using var collector = await StartCollectorAsync(sent);
        Part[] parts =
        [
            new("call", states, (servers, measured) => servers.CallAsync(measured ? calls : CallsToWarm, stop)),
            new("waiters", states, (servers, measured) => servers.WaitAsync(measured ? waiters : WaitersToWarm, stop)),
        ];
        var sendings = new List<(double Metrics, double Spans)>();
        var redis = "";
        for (var start = 1; start <= starts; start++)
        {
            await using var servers = await Servers.StartAsync(collector.Urls.Single(), waiters, stop);
            redis = servers.Redis;
            foreach (var part in parts)
            {
                await servers.PrepareAsync(holdsJobs: part != parts[0], stop);
                await MeasureAsync(servers, part, rounds, stop);
            }

            sendings.Add(await servers.SendAsync(stop));
            await Console.Error.WriteLineAsync($"start {start} of {starts}: " + string.Join("; ", parts.SelectMany(part =>
                part.Compared.Select(state => $"{part.Name}, {state}: {part.More(state)[^1]:0.0} %"))));
        }

        var facts = Machine.Facts(redis);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("servers", "1 gateway, 1 silo and 1 Redis, whose telemetry is switched from round to round; jobs are ended by a client of the cluster");
        facts.Add(
            "rounds",
            $"{starts} starts of all servers, {rounds} rounds each with each state, of {calls} calls of {Clients} clients, and of {waiters} that wait together");
        if (sent.GetValueOrDefault("/v1/metrics") == 0 || sent.GetValueOrDefault("/v1/traces") == 0)
        {
            throw new InvalidOperationException($"The servers have not sent what was measured: {string.Join(", ", sent)}.");
        }

        facts.Add(
            "sending, in no round",
            $"{sendings.Average(one => one.Metrics):0.0} ms of CPU in gateway and silo together for all metrics, once a minute; "
            + $"{sendings.Average(one => one.Spans):0.0} for the spans of some calls, every five seconds");
        facts.Add("sent, KiB", string.Join(", ", sent.OrderBy(kind => kind.Key).Select(kind => $"{kind.Key} {kind.Value / 1024}")));
        return ReportOf(facts, parts);
    }

    /// <exception cref="ArgumentException">There is no such state, or this build does not have it.</exception>
    private static TelemetryState[] StatesOf(string? names)
    {
        var all = Enum.GetValues<TelemetryState>().Where(state => TelemetrySwitch.CanRepeat || state != TelemetryState.Repeated);
        TelemetryState[] states = names is null ? [.. all] : [.. names.Split(',').Select(name => Enum.TryParse<TelemetryState>(name, out var state)
            ? state
            : throw new ArgumentException($"There is no state {name}: {string.Join(", ", Enum.GetNames<TelemetryState>())}."))];
        return !states.Contains(TelemetryState.Off) ? throw new ArgumentException("Without Off there is nothing to compare with.")
            : states.Except(all).Any() ? throw new ArgumentException("Only a build by bench/repeated-telemetry can repeat what measures and traces.") : states;
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

    /// <summary>In each round all states are measured once, in an order that is drawn anew.</summary>
    private static async Task MeasureAsync(Servers servers, Part part, int rounds, CancellationToken stop)
    {
        var costs = part.States.ToDictionary(state => state, _ => new List<Round>());
        TelemetryState[] order = [.. part.States];
        for (var round = -WarmUpRounds; round < rounds; round++)
        {
            Random.Shared.Shuffle(order);
            foreach (var state in order)
            {
                await servers.SetAsync(state, stop);
                await part.CostAsync(servers, false);
                var cost = await part.CostAsync(servers, true);
                if (round >= 0)
                {
                    costs[state].Add(cost);
                }
            }
        }

        part.Add(costs);
    }

    private Report ReportOf(Table facts, Part[] parts)
    {
        var figures = new Table("part", "telemetry", "CPU, µs a call", "more than off, %", "95 % from, %", "to, %");
        var goals = new List<Goal>();
        foreach (var part in parts)
        {
            figures.Add(part.Name, NameOf(TelemetryState.Off), part.Cost(TelemetryState.Off), null, null, null);
            foreach (var state in part.Compared)
            {
                var (more, half) = Statistics.Interval(part.More(state));
                figures.Add(part.Name, NameOf(state), part.Cost(state), more, more - half, more + half);
                var (what, limit, share) = state switch
                {
                    TelemetryState.Repeated => ("off, by what it costs to repeat it", 1, TelemetrySwitch.Repetitions),
                    TelemetryState.Metrics => (NameOf(state), 3, 1),
                    _ => (NameOf(state), 5, 1),
                };
                goals.Add(new($"{part.Name}: {what}, % more, upper bound", limit, (more + half) / share, null));
            }
        }

        return new(Name, facts, figures) { Goals = goals };
    }

    private static string NameOf(TelemetryState state) => state switch
    {
        TelemetryState.Off => "off",
        TelemetryState.Repeated => $"off, {1 + TelemetrySwitch.Repetitions} times",
        TelemetryState.Metrics => "metrics",
        _ => "metrics, 1 % of traces",
    };

    /// <summary>A kind of calls, and what they have cost.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="States">The states in which they are measured.</param>
    /// <param name="CostAsync">Measures a round of them. The second argument is false for a few that warm up.</param>
    private sealed record Part(string Name, TelemetryState[] States, Func<Servers, bool, Task<Round>> CostAsync)
    {
        private readonly Dictionary<TelemetryState, List<List<Round>>> _rounds = States.ToDictionary(state => state, _ => new List<List<Round>>());

        /// <summary>The states that are compared with <see cref="TelemetryState.Off"/>.</summary>
        public IEnumerable<TelemetryState> Compared => States.Where(state => state != TelemetryState.Off);

        /// <summary>Adds the rounds of a start.</summary>
        public void Add(Dictionary<TelemetryState, List<Round>> rounds)
        {
            foreach (var (state, measured) in rounds)
            {
                _rounds[state].Add(measured);
            }
        }

        /// <summary>Microseconds a call.</summary>
        public double Cost(TelemetryState state) => Statistics.Middle(_rounds[state].SelectMany(rounds => rounds).Select(round => round.Cost));

        /// <summary>How many percent more a state has cost than <see cref="TelemetryState.Off"/>, of each start: in the middle half of its rounds.</summary>
        public List<double> More(TelemetryState state) =>
            [.. _rounds[state].Zip(_rounds[TelemetryState.Off], (rounds, off) => 100 * (Statistics.Middle(rounds.Zip(off, (one, other) => one.Scaled / other.Scaled)) - 1))];
    }

    /// <param name="Cost">Microseconds a call.</param>
    /// <param name="Slowness">What a <see cref="SpeedGauge"/> has measured at the same time.</param>
    private readonly record struct Round(double Cost, double Slowness)
    {
        /// <summary>The cost on processors that are always as fast.</summary>
        public double Scaled => Cost / Slowness;
    }

    /// <summary>A cluster, until it is started anew.</summary>
    private sealed class Servers : IAsyncDisposable
    {
        private readonly HttpClient _http = new();
        private readonly SpeedGauge _gauge = new();
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

                    [Usage.KeepsCompiler.Name] = Usage.KeepsCompiler.Value,
                };
                var completer = await cluster.AddSwitchedAsync(1, 1, [$"--Limits:Waiters={Math.Max(waiters, CallsToWarm) + 100}"], stop);
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
            if (_state != state)
            {
                _state = state;
                await Task.WhenAll(All.Select(server => TelemetrySwitch.SetAsync(_http, server, state, stop)));
            }
        }

        /// <summary>Milliseconds of processor time that it takes all servers together to send their metrics, and to send the spans of some calls.</summary>
        public async Task<(double Metrics, double Spans)> SendAsync(CancellationToken stop)
        {
            await SetAsync(TelemetryState.Traces, stop);
            var (metrics, spans) = (TimeSpan.Zero, TimeSpan.Zero);
            for (var time = -1; time < Sendings; time++)
            {
                await WaitAsync(CallsToWarm, stop);
                var before = Cost.Cpu(All);
                await Task.WhenAll(All.Select(server => TelemetrySwitch.SendSpansAsync(_http, server, stop)));
                var between = Cost.Cpu(All);
                await Task.WhenAll(All.Select(server => TelemetrySwitch.SendMetricsAsync(_http, server, stop)));
                if (time >= 0)
                {
                    (metrics, spans) = (metrics + (Cost.Cpu(All) - between), spans + (between - before));
                }
            }

            return (metrics.TotalMilliseconds / Sendings, spans.TotalMilliseconds / Sendings);
        }

        public Task<Round> CallAsync(int calls, CancellationToken stop) =>
            CostAsync(() => _client.AskAsync($"run {Clients} {calls} POST {Address}", stop), stop);

        public Task<Round> WaitAsync(int waiters, CancellationToken stop) => CostAsync(
            async () =>
            {
                await WaiterRampUp.OpenAsync([_client], [$"POST {Address}"], waiters, () => WaiterRampUp.CountHeldAsync(_completer, stop), stop);
                await Task.Delay(Cost.Settling, stop);
                var finished = _completer.AskAsync($"finish {waiters}", stop);
                var load = await _client.AskAsync("close", stop);
                await finished;
                return load;
            },
            stop);

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            _gauge.Dispose();
            await _cluster.DisposeAsync();
        }

        private async Task<Round> CostAsync(Func<Task<string>> work, CancellationToken stop)
        {
            _gauge.Restart();
            var cost = await Cost.OfSettledAsync(_cluster, work, stop);
            return new(cost.Total, _gauge.Restart());
        }
    }
}
