using System.Diagnostics;

namespace SyncCluster.Bench;

/// <summary>
/// Whether calls are lost or run twice while silos and gateways are killed and frozen under them: first with TheEye, then with scripts, of which a silo
/// that is killed takes along those that it runs.
/// </summary>
internal sealed class ChaosBenchmark : IBenchmark
{
    private const int Silos = 3;
    private const int Gateways = 2;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>For seven processes that share few cores, and of which few live for a minute: what spins, waits for more or learns for later is lost.</summary>
    private static readonly string[] Frugal = ["DOTNET_gcServer", "DOTNET_TieredPGO", "DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"];

    public string Name => "never";

    public string Options => "[--calls 1000000] [--scripts 5000] [--concurrency 256] [--kill-every 10] [--seed N]";

    public string[] Small => ["--calls", "2000", "--scripts", "50", "--kill-every", "2", "--concurrency", "64"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("calls", "scripts", "concurrency", "kill-every", "seed", "json");
        var calls = arguments.Number("calls", 1_000_000);
        var scripts = arguments.Number("scripts", 5000);
        var terms = new Terms(
            arguments.Number("concurrency", 256),
            TimeSpan.FromSeconds(arguments.Number("kill-every", 10)),
            arguments.Number("seed", Random.Shared.Next(1, int.MaxValue)));
        var load = Machine.Load;
        string[] unset = [.. Frugal.Where(setting => Environment.GetEnvironmentVariable(setting) is null)];
        await Console.Error.WriteLineAsync($"seed {terms.Seed}");
        Array.ForEach(unset, setting => Environment.SetEnvironmentVariable(setting, "0"));
        Outcome[] outcomes;
        try
        {
            outcomes = [await WithTheEyeAsync(calls, terms, stop), await WithScriptsAsync(scripts, terms, stop)];
        }
        finally
        {
            Array.ForEach(unset, setting => Environment.SetEnvironmentVariable(setting, null));
        }

        var facts = Machine.Facts(outcomes[0].RedisVersion);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("servers", $"{Silos} silos and {Gateways} gateways, storage in Redis; {string.Join(", ", Frugal.Select(setting => $"{setting}={Environment.GetEnvironmentVariable(setting) ?? "0"}"))}");
        facts.Add("clients", $"{terms.Concurrency}, each with one call at a time");
        facts.Add("faults", $"one every {terms.KillEvery.TotalSeconds} s, seed {terms.Seed}");
        foreach (var (fact, value) in outcomes.SelectMany(outcome => outcome.Facts))
        {
            facts.Add(fact, value);
        }

        var figures = new Table(
            "stage", "calls", "answered", "of them: its silo died", "sent again", "silos killed", "gateways killed", "silos frozen",
            "lost", "wrong", "run twice", "seconds", "p99, ms", "longest, ms");
        Array.ForEach(outcomes, outcome => figures.Add(outcome.Figures));
        var faults = string.Concat(outcomes.Select(outcome => outcome.Faults));
        return new(Name, facts, figures)
        {
            Fault = faults.Length > 0 ? faults : null,
            Goals = [new($"calls lost, wrong or run twice, of {calls + scripts}", 0, outcomes.Sum(outcome => outcome.Bad), null)],
        };
    }

    private static async Task<Outcome> WithTheEyeAsync(int calls, Terms terms, CancellationToken stop)
    {
        var jobs = new JobsOfTheEye(calls);
        await using var servers = await Servers.StartAsync(0, 0, [], [], stop);
        var redis = $"127.0.0.1:{servers.RedisPort}";
        await using var theEye = await jobs.StartAsync(redis);
        var settings = JobsOfTheEye.SettingsOf(theEye, redis);
        await servers.AddAsync(Silos, Gateways, settings, settings, stop);
        var outcome = await StageAsync("TheEye", jobs, calls, servers, terms, stop);
        var counters = theEye.Counters;
        return outcome with
        {
            Facts = [.. outcome.Facts, ("TheEye says", $"{counters.Creates} jobs made, {counters.Runs} runs, {counters.RunTwice} jobs run twice")],
            Bad = outcome.Bad + counters.RunTwice,
            Faults = counters.RunTwice == 0 ? outcome.Faults : $"{outcome.Faults}{counters.RunTwice} jobs of TheEye were run twice.\n",
        };
    }

    private static async Task<Outcome> WithScriptsAsync(int calls, Terms terms, CancellationToken stop)
    {
        await using var servers = await Servers.StartAsync(Silos, Gateways, [], [], stop);
        return await StageAsync("scripts", new AppendingScripts(calls, servers.Folder), calls, servers, terms, stop);
    }

    private static async Task<Outcome> StageAsync(string name, ICallee callee, int calls, Servers servers, Terms terms, CancellationToken stop)
    {
        var chaos = new Chaos(servers, terms.KillEvery, new Random(terms.Seed), stop);
        using var clients = new Clients(callee, chaos, calls);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var begun = Stopwatch.GetTimestamp();
        var calling = clients.RunAsync(terms.Concurrency, terms.Seed, stop);
        var killing = chaos.RunAsync(enough.Token);
        double seconds;
        try
        {
            while (await Task.WhenAny(calling, killing, Task.Delay(Interval, stop)) is var first && first != calling)
            {
                await first;
                await Console.Error.WriteLineAsync($"{name}: {Progress()}");
            }

            await calling;
            seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        }
        finally
        {
            // Before the servers are disposed of, so that none is started after that.
            await enough.CancelAsync();
            await killing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await killing;
        await Task.Delay(callee.Settling, stop);
        clients.Settle();
        return new(
            [
                name, calls, clients.Answered, clients.OfDeadSilos, clients.SentAgain, chaos.SilosKilled, chaos.GatewaysKilled, chaos.SilosFrozen,
                clients.Lost, clients.Wrong, clients.RunTwice, seconds, clients.WaitOf(0.99), clients.WaitOf(1),
            ],
            [
                ($"memory at most, {name}", $"Redis {MiB(servers.Redis)}, silos {MiB([.. servers.Silos])}, gateways {MiB([.. servers.Gateways])} MiB; this process {Usage.Peak(Environment.ProcessId) / 1024:0} MiB"),
                ($"servers that ended unasked, {name}", $"{chaos.EndedUnasked}"),
            ],
            clients.Lost + clients.Wrong + clients.RunTwice,
            clients.Faults.Length > 0 ? $"{name}: {clients.Faults}{chaos.Deeds}\n" : "",
            servers.RedisVersion);

        string Progress() =>
            $"{clients.Answered} of {calls} answered, {clients.Answered / Stopwatch.GetElapsedTime(begun).TotalSeconds:0} a second; "
            + $"{chaos.SilosKilled} silos and {chaos.GatewaysKilled} gateways killed, {chaos.SilosFrozen} frozen; {clients.SentAgain} sent again, {clients.Lost} lost, {clients.Wrong} wrong";
    }

    private static string MiB(params Server[] servers) => string.Join(" + ", servers.Select(server => $"{Usage.Peak(server.Id) / 1024:0}"));

    /// <param name="Concurrency">How many clients.</param>
    /// <param name="KillEvery">How often something is done to the servers.</param>
    /// <param name="Seed">Of what is chosen at random. It gives the same choices, though not at the same moments.</param>
    private sealed record Terms(int Concurrency, TimeSpan KillEvery, int Seed);

    /// <param name="Figures">Its row.</param>
    /// <param name="Facts">What else is known of it.</param>
    /// <param name="Bad">How many calls were lost, answered wrongly or run twice.</param>
    /// <param name="Faults">What has gone wrong; empty where nothing has.</param>
    /// <param name="RedisVersion">Of the storage.</param>
    private sealed record Outcome(object?[] Figures, (string Fact, string Value)[] Facts, int Bad, string Faults, string RedisVersion);
}
