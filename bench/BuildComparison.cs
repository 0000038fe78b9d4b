using System.Diagnostics;
using System.Globalization;
using SyncCluster.Bench.Children;
using SyncCluster.TheEye;

namespace SyncCluster.Bench;

/// <summary>
/// What calls cost with another build and with this one. The servers of both run at the same time, and take turns in rounds of a second or less, so that
/// whatever else the machine does meets both. All servers are started anew several times, since equal processes differ.
/// </summary>
internal sealed class BuildComparison : IBenchmark
{
    private const string Storm = "storm";
    private const string Waiting = "waiters";
    private const string TheEye = "theeye";

    /// <summary>How many clients make the calls that warm up, and those through TheEye.</summary>
    private const int Clients = 64;

    /// <summary>After so many rounds of calls it is looked whether the servers are warm.</summary>
    private const int WarmUpRounds = 10;

    private const int MaxWarmUpRounds = 120;

    /// <summary>Warm servers compile for less than this part of the processor time of their calls.</summary>
    private const double CompilationWhenWarm = 0.02;

    /// <summary>Rounds of each part that are not counted.</summary>
    private const int UncountedRounds = 2;

    /// <summary>How many times as long as they are measured idle servers are left alone before: each waiter's job is attached to once in a minute.</summary>
    private const double Settling = 1.2;

    public string Name => "builds";

    public string Options =>
        "[--old CHECKOUT, else this build again] [--children ITS_SILO,ITS_COMPLETER] [--starts 4] [--rounds 16] [--calls 2000] "
        + "[--parts 1,4,16,64,256,storm,waiters,theeye] [--waiters 10000] [--idle 60]";

    public string[] Small => ["--starts", "2", "--rounds", "1", "--calls", "50", "--parts", "1,16,storm,waiters,theeye", "--waiters", "50", "--idle", "1"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("old", "children", "starts", "rounds", "calls", "parts", "waiters", "idle", "json");
        var old = OldBuild(arguments.Text("old"), arguments.Text("children"));
        var starts = Math.Max(2, arguments.Number("starts", 4));
        var (rounds, calls) = (arguments.Number("rounds", 16), arguments.Number("calls", 2000));
        var (waiters, idle) = (arguments.Number("waiters", 10_000), TimeSpan.FromSeconds(arguments.Number("idle", 60)));
        var parts = (arguments.Text("parts") ?? "1,4,16,64,256,storm,waiters,theeye").Split(',');
        var load = Machine.Load;
        var results = new Results();
        var redis = "";
        Part[] called = [.. parts.Where(part => part is not (Storm or Waiting or TheEye)).Select(clients => CallsOf(clients, calls, stop))];
        for (var start = 1; start <= starts; start++)
        {
            if (parts is not [TheEye])
            {
                await using var pair = await Pair.StartAsync(old, (build, variables) => Side.StartAsync(build, variables, Math.Max(waiters, calls), stop));
                redis = pair.New.Cluster.Redis.Version;
                await pair.WarmUpAsync(calls, stop);
                await pair.MeasureAsync(called, rounds, results);
                await pair.HoldAsync(stop);
                if (parts.Contains(Storm))
                {
                    await pair.MeasureAsync([new(Storm, side => side.EndTogetherAsync(calls, stop))], rounds, results);
                }

                if (parts.Contains(Waiting))
                {
                    await pair.MeasureWaitersAsync(waiters, idle, results, stop);
                }
            }

            if (parts.Contains(TheEye))
            {
                await using var pair = await Pair.StartAsync(old, (build, variables) => Side.StartWithTheEyeAsync(build, variables, stop));
                redis = pair.New.Cluster.Redis.Version;
                await pair.WarmUpAsync(calls, stop);
                await pair.MeasureAsync([new(TheEye, side => side.CallAsync(Clients, calls, stop))], rounds, results);
            }

            results.EndStart();
            await Console.Error.WriteLineAsync($"start {start} of {starts}: {results.Newest}");
        }

        var facts = Machine.Facts(redis);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("servers", "1 gateway, 1 silo and 1 Redis of each build; jobs are ended by a client of the cluster, or by the stand-in of TheEye");
        facts.Add("rounds", $"{starts} starts of all servers, {rounds} rounds each of each part, of {calls} calls; of 1 and 4 clients fewer");
        facts.Add("waiting", $"{waiters} requests with each build, and {idle.TotalSeconds:0} s with nothing else, after {Settling * idle.TotalSeconds:0} s");
        return new(Name, facts, results.ToTable());
    }

    /// <exception cref="ArgumentException">There is no such build.</exception>
    private static Build OldBuild(string? checkout, string? children)
    {
        var build = checkout is null ? Build.This : new Build(Path.Combine(Path.GetFullPath(checkout), "bench", "bin", "Release", "net10.0"));
        if (!File.Exists(build.Output("Bench", "dll")))
        {
            throw new ArgumentException($"There is no {build.Output("Bench", "dll")}: dotnet build -c Release {checkout}/bench");
        }

        return children?.Split(',') switch
        {
            null => build,
            [var silo, var completer] => build with { Silo = silo, Completer = completer },
            _ => throw new ArgumentException("--children has the names of two."),
        };
    }

    /// <exception cref="ArgumentException">It is no number.</exception>
    private static Part CallsOf(string clients, int calls, CancellationToken stop) =>
        int.TryParse(clients, NumberStyles.None, CultureInfo.InvariantCulture, out var concurrency) && concurrency > 0
            ? new(
                concurrency == 1 ? "1 client" : $"{concurrency} clients",
                side => side.CallAsync(concurrency, Math.Clamp(calls * concurrency / 16, Math.Max(calls / 10, 1), calls), stop))
            : throw new ArgumentException($"A part is a number of clients, {Storm}, {Waiting} or {TheEye}: {clients}.");

    /// <param name="Name">What it is called in the table.</param>
    /// <param name="RunAsync">A round of it.</param>
    private sealed record Part(string Name, Func<Side, Task<Cost>> RunAsync);

    /// <summary>The servers of both builds.</summary>
    private sealed record Pair(Side Old, Side New) : IAsyncDisposable
    {
        private readonly Side[] _order = [Old, New];

        public static async Task<Pair> StartAsync(Build old, Func<Build, IReadOnlyDictionary<string, string>, Task<Side>> startAsync)
        {
            var variables = new Dictionary<string, string>
            {
                [Usage.KeepsCompiler.Name] = Usage.KeepsCompiler.Value,
                [Usage.OpensDiagnostics.Name] = Usage.OpensDiagnostics.Value,
            };
            var first = await startAsync(old, variables);
            try
            {
                return new(first, await startAsync(Build.This, variables));
            }
            catch
            {
                await first.DisposeAsync();
                throw;
            }
        }

        /// <summary>Makes calls until .NET compiles nearly nothing once more: until then it runs code that also counts what it does.</summary>
        public async Task WarmUpAsync(int calls, CancellationToken stop)
        {
            for (var rounds = 0; rounds < MaxWarmUpRounds; rounds += WarmUpRounds)
            {
                Usages[] first = [Old.Usages, New.Usages];
                for (var round = 0; round < WarmUpRounds; round++)
                {
                    await Old.CallAsync(Clients, calls, stop);
                    await New.CallAsync(Clients, calls, stop);
                }

                Usages[] last = [Old.Usages, New.Usages];
                if (first.Zip(last).All(side => (side.Second.Compilation - side.First.Compilation) / (side.Second.Cpu - side.First.Cpu) < CompilationWhenWarm))
                {
                    return;
                }
            }

            await Console.Error.WriteLineAsync($"After {MaxWarmUpRounds} rounds .NET still compiles.");
        }

        /// <summary>In each round each part is measured once with each build, in an order that is drawn anew.</summary>
        public async Task MeasureAsync(IReadOnlyList<Part> parts, int rounds, Results results)
        {
            for (var round = -UncountedRounds; round < rounds; round++)
            {
                foreach (var part in parts)
                {
                    Random.Shared.Shuffle(_order);
                    var costs = new Dictionary<Side, Cost>();
                    foreach (var side in _order)
                    {
                        costs[side] = await part.RunAsync(side);
                    }

                    if (round >= 0)
                    {
                        results.Add(part.Name, costs[Old], costs[New]);
                    }
                }
            }
        }

        /// <summary>From now on jobs end only when they are told to.</summary>
        public async Task HoldAsync(CancellationToken stop)
        {
            await Old.Completer!.AskAsync("hold", stop);
            await New.Completer!.AskAsync("hold", stop);
        }

        /// <summary>
        /// Measures the memory of requests that wait, and what their servers use meanwhile: with both builds at the same time. What .NET compiles once more
        /// is apart: it goes on for minutes, since idle servers do each thing seldom, and ends. So is garbage: how much of it there is depends on when .NET has
        /// collected it.
        /// </summary>
        public async Task MeasureWaitersAsync(int waiters, TimeSpan idle, Results results, CancellationToken stop)
        {
            await Task.Delay(Settling * idle, stop);
            var empty = await CollectAsync();
            await Old.OpenAsync(waiters, stop);
            await New.OpenAsync(waiters, stop);
            await Task.Delay(Settling * idle, stop);
            Usages[] first = [Old.Usages, New.Usages];
            var begun = Stopwatch.GetTimestamp();
            await Task.Delay(idle, stop);
            var took = Stopwatch.GetElapsedTime(begun);
            Usages[] last = [Old.Usages, New.Usages];
            var collected = await CollectAsync();
            Add("idle, % of a core", side => 100 * ((last[side].Cpu - first[side].Cpu) / took));
            Add("compiling, % of a core", side => 100 * ((last[side].Compilation - first[side].Compilation) / took));
            Add("memory, KiB each", side => (collected[side].Memory - empty[side].Memory) / waiters);
            Add("of it gateway", side => (collected[side].Gateways - empty[side].Gateways) / waiters);
            Add("of it silo", side => (collected[side].Silos - empty[side].Silos) / waiters);
            Add("with garbage, KiB each", side => (last[side].Memory - empty[side].Memory) / waiters);
            await Old.CloseAsync(waiters, stop);
            await New.CloseAsync(waiters, stop);

            async Task<Usages[]> CollectAsync()
            {
                await Old.CollectGarbageAsync(stop);
                await New.CollectGarbageAsync(stop);
                return [Old.Usages, New.Usages];
            }

            void Add(string figure, Func<int, double> of) => results.Add(Waiting, figure, of(0), of(1));
        }

        public async ValueTask DisposeAsync()
        {
            await Old.DisposeAsync();
            await New.DisposeAsync();
        }
    }

    /// <summary>The servers of one build.</summary>
    private sealed class Side(BenchCluster cluster, ChildServer client) : IAsyncDisposable
    {
        private TheEyeServer? _theEye;
        private string _call = "";

        public BenchCluster Cluster => cluster;

        /// <summary>Who ends the jobs; null where the stand-in of TheEye does.</summary>
        public ChildServer? Completer { get; private set; }

        public Usages Usages
        {
            get
            {
                var compilation = Cost.Compilation(cluster.Gateways) + Cost.Compilation(cluster.Silos);
                return new(
                    Cost.Cpu(cluster.Gateways) + Cost.Cpu(cluster.Silos) - compilation,
                    compilation,
                    cluster.Gateways.Sum(Usage.Resident),
                    cluster.Silos.Sum(Usage.Resident));
            }
        }

        public static Task<Side> StartAsync(Build build, IReadOnlyDictionary<string, string> variables, int waiters, CancellationToken stop) =>
            StartAsync(
                build,
                variables,
                async side =>
                {
                    side.Completer = await side.Cluster.AddWithExternalExecutorAsync(
                        1, 1, ["--Waiting:Maximum=06:00:00", $"--Limits:Waiters={waiters + Clients}"], stop);
                    side._call = $"POST {DemoClient.Address(side.Cluster.Gateways[0], BenchTasks.Quick)}";
                },
                stop);

        public static Task<Side> StartWithTheEyeAsync(Build build, IReadOnlyDictionary<string, string> variables, CancellationToken stop) =>
            StartAsync(
                build,
                variables,
                async side =>
                {
                    const string Customer = "acme";
                    var redis = side.Cluster.Redis.Endpoint;
                    var theEye = side._theEye = await TheEyeServer.StartAsync(new TheEyeOptions { Redis = redis });
                    theEye.AddUser(LoadGenerator.Token, new TheEyeUser { Customer = Customer, CustomerId = "5f0000000000000000000acc" });
                    var task = new TheEyeTask { AutoremoveCompletedJobs = false };
                    theEye.AddTask(Customer, task);
                    string[] settings =
                        ["--Executor=TheEye", $"--TheEye:Gateway={theEye.Gateway}", $"--TheEye:Supervisor={theEye.Supervisor}", $"--TheEye:Redis={redis}"];
                    await side.Cluster.AddAsync(1, 1, settings, settings, stop);
                    var url = new Uri(side.Cluster.Gateways[0].Address!, $"/{Customer}/task/{task.Id}/job");
                    side._call = $"POST {url}";
                },
                stop);

        private static async Task<Side> StartAsync(
            Build build, IReadOnlyDictionary<string, string> variables, Func<Side, Task> addAsync, CancellationToken stop)
        {
            var cluster = await BenchCluster.StartAsync(0, 0, [], [], stop, build);
            Side? side = null;
            try
            {
                cluster.Variables = variables;
                side = new(cluster, await cluster.StartLoadAsync(stop));
                await addAsync(side);
                return side;
            }
            catch
            {
                await (side?.DisposeAsync() ?? cluster.DisposeAsync());
                throw;
            }
        }

        public Task<Cost> CallAsync(int clients, int calls, CancellationToken stop) =>
            Cost.OfSettledAsync(cluster, () => client.AskAsync($"run {clients} {calls} {_call}", stop), stop);

        public async Task CollectGarbageAsync(CancellationToken stop)
        {
            foreach (var server in cluster.Gateways.Concat(cluster.Silos))
            {
                await Usage.CollectGarbageAsync(server, cluster.Folder, stop);
            }
        }

        /// <summary>Opens requests that wait.</summary>
        public Task OpenAsync(int waiters, CancellationToken stop) =>
            WaiterRampUp.OpenAsync([client], [_call], waiters, () => WaiterRampUp.CountHeldAsync(Completer!, stop), stop);

        /// <summary>Ends the jobs of all requests that wait.</summary>
        public async Task<string> CloseAsync(int waiters, CancellationToken stop)
        {
            var finished = Completer!.AskAsync($"finish {waiters}", stop);
            var load = await client.AskAsync("close", stop);
            await finished;
            return load;
        }

        /// <summary>Measures the answers of requests whose jobs end at once.</summary>
        public async Task<Cost> EndTogetherAsync(int waiters, CancellationToken stop)
        {
            await OpenAsync(waiters, stop);
            await Task.Delay(Cost.Settling, stop);
            return await Cost.OfSettledAsync(cluster, () => CloseAsync(waiters, stop), stop);
        }

        public async ValueTask DisposeAsync()
        {
            await cluster.DisposeAsync();
            if (_theEye is { Counters.RunTwice: var twice } theEye)
            {
                await theEye.DisposeAsync();
                if (twice > 0)
                {
                    throw new InvalidOperationException($"{twice} jobs were run twice.");
                }
            }
        }
    }

    /// <summary>What the servers of one build have used so far, and their memory.</summary>
    /// <param name="Cpu">The processor time, without that of <paramref name="Compilation"/>.</param>
    /// <param name="Compilation">The processor time in which .NET has compiled code once more.</param>
    /// <param name="Gateways">VmRSS of the gateway, in KiB.</param>
    /// <param name="Silos">VmRSS of the silo, in KiB.</param>
    private sealed record Usages(TimeSpan Cpu, TimeSpan Compilation, double Gateways, double Silos)
    {
        public double Memory => Gateways + Silos;
    }

    /// <summary>Figures of both builds: a mean for each start.</summary>
    private sealed class Results
    {
        private readonly Dictionary<(string Part, string Figure), List<(double Old, double New)>> _rounds = [];
        private readonly OrderedDictionary<(string Part, string Figure), List<(double Old, double New, double Ratio)>> _starts = [];

        /// <summary>The ratios of the last start.</summary>
        public string Newest => string.Join("; ", _starts.Select(one => string.Create(
            CultureInfo.InvariantCulture, $"{one.Key.Part}, {one.Key.Figure}: {one.Value[^1].Old:0.0} to {one.Value[^1].New:0.0}, {100 * one.Value[^1].Ratio:0} %")));

        public void Add(string part, Cost old, Cost now)
        {
            Add(part, "CPU, µs", old.Total, now.Total);
            Add(part, "of it gateway", old.Gateways, now.Gateways);
            Add(part, "of it silo", old.Silos, now.Silos);
            Add(part, "p50, ms", old.Load.Taken.P50, now.Load.Taken.P50);
        }

        public void Add(string part, string figure, double old, double now)
        {
            if (!_rounds.TryGetValue((part, figure), out var rounds))
            {
                _rounds[(part, figure)] = rounds = [];
            }

            rounds.Add((old, now));
        }

        /// <summary>A start's figure is the mean of the middle half of its rounds.</summary>
        public void EndStart()
        {
            foreach (var (figure, rounds) in _rounds)
            {
                _starts.TryAdd(figure, []);
                _starts[figure].Add((
                    Statistics.Middle(rounds.Select(round => round.Old)),
                    Statistics.Middle(rounds.Select(round => round.New)),
                    Statistics.Middle(rounds.Select(round => round.New / round.Old))));
            }

            _rounds.Clear();
        }

        public Table ToTable()
        {
            var table = new Table("part", "figure", "old", "new", "new, % of old", "95 % from", "to", "each start");
            foreach (var ((part, figure), starts) in _starts)
            {
                var (ratio, half) = Statistics.Interval([.. starts.Select(start => 100 * start.Ratio)]);
                var each = string.Join(", ", starts.Select(start => (100 * start.Ratio).ToString("0", CultureInfo.InvariantCulture)));
                table.Add(part, figure, starts.Average(start => start.Old), starts.Average(start => start.New), ratio, ratio - half, ratio + half, each);
            }

            return table;
        }
    }
}
