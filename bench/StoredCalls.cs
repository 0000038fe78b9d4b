using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SyncCluster.Bench;

/// <summary>
/// What it costs that a server in one process keeps its jobs in a file: dummy calls by CPU, calls with a script one at a time by time, against the
/// same server with its jobs in memory; dummy calls also against another build, such as the last one that had no file, whose scripts are started in
/// another way. Each way is measured in turn, beside a bare append with fdatasync.
/// </summary>
internal sealed partial class StoredCalls : IBenchmark
{
    private const int Clients = 64;
    private const double CpuLimit = 1.4;
    private const double Syncs = 3.5;
    private const double Slack = 0.3;

    public string Name => "stored";

    public string Options => "[--calls 20000] [--scripts 300] [--rounds 3] [--old PATH, the SyncCluster.Gateway.dll of another build]";

    public string[] Small => ["--calls", "200", "--scripts", "10", "--rounds", "1"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("calls", "scripts", "rounds", "old", "json");
        var calls = arguments.Number("calls", 20_000);
        var scripts = arguments.Number("scripts", 300);
        var rounds = arguments.Number("rounds", 3);
        var old = arguments.Text("old");
        var load = Machine.Load;
        await using var first = await BenchCluster.StartAsync(0, 0, [], [], stop);
        var file = await WayAsync("in a file", Build.This, $"--Storage:Path={Path.Combine(first.Folder, "data")}", stop);
        var memory = await WayAsync("in memory", Build.This, "--Storage:Path=:memory:", stop);
        await using var files = file.Cluster;
        await using var memories = memory.Cluster;
        var before = old is null ? null : await WayAsync("in memory, the other build", new(Path.GetDirectoryName(Path.GetFullPath(old))!), "--Storage:Path=:memory:", stop);
        await using var olds = before?.Cluster;
        Way[] ways = [file, memory, .. before is null ? (Way[])[] : [before]];
        using var http = new DemoClient();
        var client = await first.StartLoadAsync(stop);
        var syncs = new List<double>();
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var way in ways)
            {
                var times = round == 0 ? 3 * calls : calls;
                var cost = await Cost.OfCallsAsync(way.Cluster, way.Cluster.Gateways, [client], BenchTasks.Dummy, Clients, times, stop);
                if (round > 0)
                {
                    way.Costs.Add(cost);
                }
            }

            await using var log = new FileStream(Path.Combine(first.Folder, $"log-{round}"), FileMode.Create);
            for (var call = 0; call < (round == 0 ? 3 * scripts : scripts); call++)
            {
                stop.ThrowIfCancellationRequested();
                var sync = Sync(log);
                foreach (var way in ways)
                {
                    var begun = Stopwatch.GetTimestamp();
                    var answer = await http.PostAsync(way.Cluster.Gateways[0], BenchTasks.Quick, stop);
                    if (answer.Status != 200)
                    {
                        throw new InvalidOperationException($"A call was answered {answer}\n{way.Cluster.Gateways[0].Process.Tail}");
                    }

                    if (round > 0)
                    {
                        way.Scripts.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                    }
                }

                if (round > 0)
                {
                    syncs.Add(sync);
                }
            }

            await Console.Error.WriteLineAsync(round == 0 ? "warm" : $"round {round} of {rounds}");
        }

        var facts = Machine.Facts(first.Redis.Version);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("rounds", $"{rounds}, each of {calls} dummy calls a row, {Clients} at a time, and {scripts} calls with a script, one at a time");
        facts.Add("append and fdatasync", $"{Median(syncs):0.000} ms at the median, of 4 KiB, one before each call with a script");
        var figures = new Table("what", "CPU, µs a call", "calls a second", "p50, ms", "p99, ms", "a script's call p50, ms", "later, in syncs");
        foreach (var way in ways)
        {
            var cost = Cost.Median(way.Costs);
            figures.Add(
                way.Name, cost.Total, cost.PerSecond, cost.Load.Taken.P50, cost.Load.Taken.P99, Median(way.Scripts),
                way == memory ? null : (Median(way.Scripts) - Median(memory.Scripts)) / Median(syncs));
        }

        return new(Name, facts, figures)
        {
            Goals =
            [
                new(
                    "CPU of a dummy call in a file, as a share of that in memory",
                    CpuLimit,
                    Cost.Median(file.Costs).Total / Cost.Median((before ?? memory).Costs).Total,
                    null),
                new(
                    "a script's call in a file, ms later than in memory",
                    (Syncs * Median(syncs)) + Slack,
                    Median(file.Scripts) - Median(memory.Scripts),
                    Median(syncs)),
            ],
        };
    }

    private static async Task<Way> WayAsync(string name, Build build, string setting, CancellationToken stop) =>
        new(name, await BenchCluster.StartAsync(0, 1, [], [setting], stop, build));

    /// <summary>What a database must do at least to keep something: milliseconds.</summary>
    private static double Sync(FileStream file)
    {
        var begun = Stopwatch.GetTimestamp();
        RandomAccess.Write(file.SafeFileHandle, new byte[4096], file.Length);
        return DataSync(file.SafeFileHandle) == 0
            ? Stopwatch.GetElapsedTime(begun).TotalMilliseconds
            : throw new InvalidOperationException($"fdatasync failed with {Marshal.GetLastPInvokeError()}.");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int DataSync(SafeHandle file);

    /// <summary>A server that is measured in turn with others.</summary>
    private sealed record Way(string Name, BenchCluster Cluster)
    {
        public List<Cost> Costs { get; } = [];

        public List<double> Scripts { get; } = [];
    }
}
