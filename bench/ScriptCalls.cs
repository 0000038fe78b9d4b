using System.Diagnostics;
using System.Globalization;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>What a call adds to the run of its script: the same script is started as a process and called over HTTP in turn, one at a time.</summary>
internal sealed class ScriptCalls : IBenchmark
{
    /// <summary>How many milliseconds a call may add to the bare process.</summary>
    private const double Limit = 1;

    public string Name => "script";

    public string Options => "[--calls 400] [--rounds 3] [--warm 3000, calls until what a run of a script takes is compiled for good]";

    public string[] Small => ["--calls", "20", "--rounds", "1", "--warm", "20"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("calls", "rounds", "warm", "json");
        var calls = arguments.Number("calls", 400);
        var rounds = arguments.Number("rounds", 3);
        var warm = arguments.Number("warm", 3000);
        var load = Machine.Load;

        await using var embedded = await BenchCluster.StartAsync(0, 1, [], [], stop);
        await using var cluster = await BenchCluster.StartAsync(1, 1, [], [], stop);
        using var http = new DemoClient();
        var script = embedded.ScriptPath(BenchTasks.Quick);
        Way[] scripts =
        [
            new("the bare process", () => Start(script), []),
            new("a call, gateway with its silo", () => CallAsync(embedded, BenchTasks.Quick), embedded.Gateways),
            new("a call, gateway and silo over Redis", () => CallAsync(cluster, BenchTasks.Quick), [.. cluster.Gateways, .. cluster.Silos]),
        ];
        Way[] dummies =
        [
            new("a call without a script, gateway with its silo", () => CallAsync(embedded, BenchTasks.Dummy), embedded.Gateways),
            new("a call without a script, gateway and silo over Redis", () => CallAsync(cluster, BenchTasks.Dummy), [.. cluster.Gateways, .. cluster.Silos]),
        ];

        await Parallel.ForEachAsync(Enumerable.Range(0, warm), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = stop }, async (number, _) =>
        {
            await CallAsync(embedded, number % 4 == 0 ? BenchTasks.Dummy : BenchTasks.Quick);
            await CallAsync(cluster, number % 4 == 0 ? BenchTasks.Dummy : BenchTasks.Quick);
        });

        for (var round = 0; round <= rounds; round++)
        {
            foreach (var ways in (Way[][])[scripts, dummies])
            {
                await MeasureAsync(ways, calls, isWarmUp: round == 0);
            }

            await Console.Error.WriteLineAsync($"round {round} of {rounds}");
        }

        var facts = Machine.Facts(embedded.Redis.Version);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("calls", $"{calls * rounds} a row, one at a time, with a script in turn, then without one in turn, {rounds} times");
        var figures = new Table("what", "p50, µs", "p99, µs", "added at p50, µs", "CPU of the servers, µs", "CPU of what they start, µs");
        var bare = At(scripts[0], 0.5);
        foreach (var way in (Way[])[.. scripts, .. dummies])
        {
            figures.Add(
                way.Name, At(way, 0.5), At(way, 0.99), way == scripts[0] || dummies.Contains(way) ? null : At(way, 0.5) - bare,
                way.Servers.Count == 0 ? null : way.Own.TotalMicroseconds / way.Times.Count, way.Started.TotalMicroseconds / way.Times.Count);
        }

        return new(Name, facts, figures)
        {
            Goals = [new("added to the bare process at the median, ms, gateway with its silo", Limit, (At(scripts[1], 0.5) - bare) / 1000, bare / 1000)],
        };

        async Task MeasureAsync(Way[] ways, int times, bool isWarmUp)
        {
            var before = Array.ConvertAll(ways, Cpu);
            for (var call = 0; call < times; call++)
            {
                foreach (var way in ways)
                {
                    stop.ThrowIfCancellationRequested();
                    var begun = Stopwatch.GetTimestamp();
                    await way.Call();
                    if (!isWarmUp)
                    {
                        way.Times.Add(Stopwatch.GetElapsedTime(begun).TotalMicroseconds);
                    }
                }
            }

            foreach (var (way, (own, started)) in isWarmUp ? [] : ways.Zip(before))
            {
                var now = Cpu(way);
                way.Own += now.Own - own;
                way.Started += now.Started - started;
            }
        }

        async Task CallAsync(BenchCluster cluster, string task)
        {
            var answer = await http.PostAsync(cluster.Gateways[0], task, stop);
            if (answer.Status != 200)
            {
                throw new InvalidOperationException($"A call was answered {answer}\n{cluster.Gateways[0].Process.Tail}");
            }
        }
    }

    private static Task Start(string script)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", [script]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 && output.Length > 0
            ? Task.CompletedTask
            : throw new InvalidOperationException($"The script ended with {process.ExitCode}: {output}");
    }

    private static double At(Way way, double share) => way.Times.Order().ElementAt((int)Math.Ceiling(share * way.Times.Count) - 1);

    private static (TimeSpan Own, TimeSpan Started) Cpu(Way way) => (
        way.Servers.Aggregate(TimeSpan.Zero, (sum, server) => sum + Usage.Cpu(server)),
        (way.Servers.Count == 0 ? [Environment.ProcessId] : way.Servers.Select(server => server.Process.Id)).Aggregate(TimeSpan.Zero, (sum, id) => sum + OfEndedChildren(id)));

    /// <summary>cutime and cstime of <c>/proc/PID/stat</c>, in ticks of 10 ms.</summary>
    private static TimeSpan OfEndedChildren(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromMilliseconds(10 * (Ticks(fields[13]) + Ticks(fields[14])));

        static long Ticks(string field) => long.Parse(field, CultureInfo.InvariantCulture);
    }

    /// <summary>One of the ways to run a script that are measured in turn.</summary>
    private sealed record Way(string Name, Func<Task> Call, IReadOnlyList<Server> Servers)
    {
        public List<double> Times { get; } = [];

        public TimeSpan Own { get; set; }

        public TimeSpan Started { get; set; }
    }
}
