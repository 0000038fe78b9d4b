using System.Diagnostics;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench.Chaos;

/// <summary>
/// Whether calls are lost or run twice while silos and gateways are killed and frozen, and silos join and leave for good: first with TheEye, then with
/// scripts, where the scripts of a killed silo end with it.
/// </summary>
internal sealed class ChaosBenchmark : IBenchmark
{
    private const int Silos = 3;
    private const int Gateways = 2;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Switched off, since seven processes share few cores and hardly live for a minute: what spins, keeps heaps for cores or optimizes for later does not pay.</summary>
    private static readonly string[] LowFootprint = ["DOTNET_gcServer", "DOTNET_TieredPGO", "DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"];

    public string Name => "never";

    public string Options => "[--calls 1000000] [--scripts 5000] [--concurrency 256] [--kill-every 10] [--join-every 30] [--seed N]";

    public string[] Small => ["--calls", "1000", "--scripts", "30", "--kill-every", "3", "--join-every", "8", "--concurrency", "64"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("calls", "scripts", "concurrency", "kill-every", "join-every", "seed", "json");
        var calls = arguments.Number("calls", 1_000_000);
        var scripts = arguments.Number("scripts", 5000);
        var settings = new Settings(
            arguments.Number("concurrency", 256),
            TimeSpan.FromSeconds(arguments.Number("kill-every", 10)),
            TimeSpan.FromSeconds(arguments.Number("join-every", 30)),
            arguments.Number("seed", Random.Shared.Next(1, int.MaxValue)));
        var load = Machine.Load;
        string[] unset = [.. LowFootprint.Where(setting => Environment.GetEnvironmentVariable(setting) is null)];
        await Console.Error.WriteLineAsync($"seed {settings.Seed}");
        Array.ForEach(unset, setting => Environment.SetEnvironmentVariable(setting, "0"));
        Outcome[] outcomes;
        try
        {
            outcomes = [await WithTheEyeAsync(calls, settings, stop), await WithScriptsAsync(scripts, settings, stop)];
        }
        finally
        {
            Array.ForEach(unset, setting => Environment.SetEnvironmentVariable(setting, null));
        }

        var facts = Machine.Facts(outcomes[0].RedisVersion);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("servers", $"{Silos} silos and {Gateways} gateways, storage in Redis; {string.Join(", ", LowFootprint.Select(setting => $"{setting}={Environment.GetEnvironmentVariable(setting) ?? "0"}"))}");
        facts.Add("clients", $"{settings.Concurrency}, each with one call at a time");
        facts.Add(
            "faults",
            $"one every {settings.KillEvery.TotalSeconds} s; a silo added and one removed for good every {settings.JoinEvery.TotalSeconds} s; "
            + $"seed {settings.Seed}");
        foreach (var (fact, value) in outcomes.SelectMany(outcome => outcome.Facts))
        {
            facts.Add(fact, value);
        }

        var figures = new Table(
            "stage", "calls", "answered", "of them: its silo died", "sent again", "silos killed", "gateways killed", "silos frozen",
            "silos exchanged",
            "lost", "wrong", "run twice", "seconds", "p99, ms", "longest, ms");
        Array.ForEach(outcomes, outcome => figures.Add(outcome.Figures));
        var faults = string.Concat(outcomes.Select(outcome => outcome.Faults));
        return new(Name, facts, figures)
        {
            Fault = faults.Length > 0 ? faults : null,
            Goals = [new($"calls lost, wrong or run twice, of {calls + scripts}", 0, outcomes.Sum(outcome => outcome.Bad), null)],
        };
    }

    private static async Task<Outcome> WithTheEyeAsync(int calls, Settings settings, CancellationToken stop)
    {
        var jobs = new TheEyeTarget(calls);
        await using var cluster = await BenchCluster.StartAsync(0, 0, [], [], stop);
        var redis = cluster.Redis.Endpoint;
        await using var theEye = await jobs.StartAsync(redis);
        var serverSettings = TheEyeTarget.SettingsOf(theEye, redis);
        await cluster.AddAsync(Silos, Gateways, serverSettings, serverSettings, stop);
        var outcome = await StageAsync("TheEye", jobs, calls, cluster, settings, stop);
        var counters = theEye.Counters;
        return outcome with
        {
            Facts = [.. outcome.Facts, ("TheEye says", $"{counters.Creates} jobs made, {counters.Runs} runs, {counters.RunTwice} jobs run twice")],
            Bad = outcome.Bad + counters.RunTwice,
            Faults = counters.RunTwice == 0 ? outcome.Faults : $"{outcome.Faults}{counters.RunTwice} jobs of TheEye were run twice.\n",
        };
    }

    private static async Task<Outcome> WithScriptsAsync(int calls, Settings settings, CancellationToken stop)
    {
        await using var cluster = await BenchCluster.StartAsync(Silos, Gateways, [], [], stop);
        return await StageAsync("scripts", new ScriptTarget(calls, cluster.Folder), calls, cluster, settings, stop);
    }

    private static async Task<Outcome> StageAsync(string name, IChaosTarget target, int calls, BenchCluster cluster, Settings settings, CancellationToken stop)
    {
        using var faults = new FaultInjector(cluster, settings.KillEvery, settings.JoinEvery, new Random(settings.Seed), stop);
        using var clients = new ChaosClients(target, faults, calls);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var begun = Stopwatch.GetTimestamp();
        var calling = clients.RunAsync(settings.Concurrency, settings.Seed, stop);
        var killing = faults.RunAsync(enough.Token);
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
            // Before the cluster is disposed: no server may be started after that.
            await enough.CancelAsync();
            await killing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await killing;
        await Task.Delay(target.Settling, stop);
        clients.CompareWithRuns();
        return new(
            [
                name, calls, clients.Answered, clients.SiloDied, clients.SentAgain, faults.SilosKilled, faults.GatewaysKilled, faults.SilosFrozen,
                faults.SilosExchanged,
                clients.Lost, clients.Wrong, clients.RunTwice, seconds, clients.WaitOf(0.99), clients.WaitOf(1),
            ],
            [
                ($"memory at most, {name}", $"Redis {MiB(cluster.Redis)}, silos {MiB([.. cluster.Silos])}, gateways {MiB([.. cluster.Gateways])} MiB; this process {Usage.Peak(Environment.ProcessId) / 1024:0} MiB"),
                ($"servers that ended unasked, {name}", $"{faults.EndedUnasked}"),
            ],
            clients.Lost + clients.Wrong + clients.RunTwice,
            clients.Violations.Length > 0 ? $"{name}: {clients.Violations}{faults.Log}\n" : "",
            cluster.Redis.Version);

        string Progress() =>
            $"{clients.Answered} of {calls} answered, {clients.Answered / Stopwatch.GetElapsedTime(begun).TotalSeconds:0} a second; "
            + $"{faults.SilosKilled} silos and {faults.GatewaysKilled} gateways killed, {faults.SilosFrozen} frozen, {faults.SilosExchanged} exchanged; "
            + $"{clients.SentAgain} sent again, {clients.Lost} lost, {clients.Wrong} wrong";
    }

    private static string MiB(params Server[] servers) => string.Join(" + ", servers.Select(server => $"{Usage.Peak(server.Process.Id) / 1024:0}"));

    /// <param name="Concurrency">How many clients.</param>
    /// <param name="KillEvery">The time between two faults.</param>
    /// <param name="JoinEvery">The time from one silo that is added, and one that is removed for good, to the next.</param>
    /// <param name="Seed">Seed of all choices. It gives the same choices, though not at the same moments.</param>
    private sealed record Settings(int Concurrency, TimeSpan KillEvery, TimeSpan JoinEvery, int Seed);

    /// <param name="Figures">The row of the figures.</param>
    /// <param name="Facts">More facts.</param>
    /// <param name="Bad">How many calls were lost, answered wrong or run twice.</param>
    /// <param name="Faults">What went wrong; empty where nothing did.</param>
    /// <param name="RedisVersion">The version of Redis.</param>
    private sealed record Outcome(object?[] Figures, (string Fact, string Value)[] Facts, int Bad, string Faults, string RedisVersion);
}
