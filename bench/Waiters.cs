using System.Diagnostics;
using SyncCluster.Bench.Children;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>The cost of requests that only wait, each for a job of its own. Most of the jobs are queued.</summary>
internal sealed class Waiters : IBenchmark
{
    /// <summary>How many requests are opened between two measurements of the memory.</summary>
    private const int Stride = 2000;

    /// <summary>The number of waiters with which the idle servers are measured.</summary>
    private const int IdleAt = 10_000;

    private const double MemoryLimit = 2;
    private const double IdleLimit = 3;

    /// <summary>The longest measurement without a waiter.</summary>
    private static readonly TimeSpan WithoutWaiters = TimeSpan.FromSeconds(20);

    /// <summary>How many times as long the servers are left idle before: most of the code that they run then, such as the attach after a minute, is compiled by that time.</summary>
    private const double Settling = 1.2;

    public string Name => "waiters";

    public string Options => "[--count 18000, on each gateway] [--gateways 2, at the most] [--silos N, else as many as gateways] [--idle 60]";

    public string[] Small => ["--count", "60", "--gateways", "2", "--silos", "1", "--idle", "1"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("count", "silos", "gateways", "idle", "json");
        var count = arguments.Number("count", 18_000);
        var idle = TimeSpan.FromSeconds(arguments.Number("idle", 60));
        var load = Machine.Load;
        var idleAt = Math.Min(IdleAt, count);
        var layouts = new List<Layout>();

        string redis;
        await using (var cluster = await BenchCluster.StartAsync(0, 0, [], [], stop))
        {
            redis = cluster.Redis.Version;
            var floor = await cluster.StartFloorAsync(stop);
            await floor.AskAsync("hold", stop);
            layouts.Add(new("bare Kestrel", cluster, [floor]));
            await MeasureAsync(layouts[^1], count, () => WaiterRampUp.CountHeldAsync(floor, stop));
        }

        foreach (var gateways in Enumerable.Range(1, arguments.Number("gateways", 2)))
        {
            var silos = arguments.Number("silos", gateways);
            await using var cluster = await BenchCluster.StartAsync(
                silos,
                gateways,
                ["--LocalExecutor:Concurrency=2", $"--LocalExecutor:QueueLimit={(count * gateways) + Stride}"],
                ["--Waiting:Maximum=06:00:00", $"--Limits:Waiters={count + Stride}"],
                stop);
            using var calls = new DemoClient();
            await calls.WarmUpAsync(cluster, Math.Min(count, 3000), stop);
            var records = await cluster.Redis.CountKeysAsync();
            layouts.Add(new($"gateways {gateways}, silos {silos}", cluster, cluster.Gateways));
            await MeasureAsync(layouts[^1], count * gateways, async () => (int)Math.Min(
                await calls.WaitingAsync(cluster.Gateways, stop), await cluster.Redis.CountKeysAsync() - records));
        }

        var facts = Machine.Facts(redis);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("idle", $"{idle.TotalSeconds:0} s with {idleAt}, after {Settling * idle.TotalSeconds:0} s, in which most of what a server does while idle is compiled");
        var figures = new Table(
            "servers", "waiters", "KiB a waiter", "of it gateways", "of it silos", "Redis, KiB", "times the floor",
            "idle, % of a core", "gateways idle, %", "silos idle, %");
        var memory = new Plot("waiters", "Memory against waiters", "waiters", "MiB more than without");
        var floorMemory = layouts[0].PerWaiter(layouts[0].Last).Total;
        foreach (var layout in layouts)
        {
            foreach (var measurement in layout.Measurements.Where(measurement => measurement.Idle is not null || measurement == layout.Last))
            {
                var more = layout.PerWaiter(measurement);
                figures.Add(
                    layout.Name, measurement.Waiters, more.Total, more.Gateways, more.Silos, more.Redis, measurement.Waiters == 0 ? null : more.Total / floorMemory,
                    measurement.Idle?.Gateways + measurement.Idle?.Silos, measurement.Idle?.Gateways, measurement.Idle?.Silos);
            }

            memory.Add(layout.Name, layout.Measurements.Select(measurement => ((double)measurement.Waiters, measurement.Waiters == 0 ? 0 : layout.PerWaiter(measurement).Total!.Value * measurement.Waiters / 1024)));
        }

        return new(Name, facts, figures)
        {
            Goals =
            [
                .. layouts.Skip(1).SelectMany(layout => (Goal[])
                [
                    new($"KiB a waiter of gateways, {layout.Last.Waiters} on {layout.Name}",
                        MemoryLimit * floorMemory!.Value, layout.PerWaiter(layout.Last).Gateways!.Value, floorMemory),
                    new($"KiB a waiter of gateways and silos, {layout.Last.Waiters} on {layout.Name}",
                        MemoryLimit * floorMemory.Value, layout.PerWaiter(layout.Last).Total!.Value, floorMemory),
                ]),
                new($"% of a core idle at {idleAt}, gateway and silos", IdleLimit, layouts[1].IdleAt(idleAt), layouts[0].IdleAt(idleAt)),
            ],
            Plots = [memory],
        };

        async Task MeasureAsync(Layout layout, int all, Func<Task<int>> waiting)
        {
            var clients = new List<ChildServer>();
            foreach (var _ in layout.Gateways)
            {
                clients.Add(await layout.Cluster.StartLoadAsync(stop));
            }

            string[] requests = [.. layout.Gateways.Select(gateway => $"POST {DemoClient.Address(gateway, BenchTasks.Endless)}")];
            await layout.MeasureIdleAsync(0, idle < WithoutWaiters ? idle : WithoutWaiters, stop);
            for (var opened = 0; opened < all;)
            {
                var more = Math.Min(opened < idleAt ? Math.Min(Stride, idleAt - opened) : Stride, all - opened);
                await WaiterRampUp.OpenAsync(clients, requests, more, waiting, stop);
                opened += more;
                if (opened == idleAt)
                {
                    await layout.MeasureIdleAsync(opened, idle, stop);
                }
                else
                {
                    layout.Measure(opened, null);
                }

                await Console.Error.WriteLineAsync($"{layout.Name}: {opened} wait");
            }

            await WaiterRampUp.RequireAllWaitAsync(clients, stop);
            if (await waiting() is var left && left != all)
            {
                throw new InvalidOperationException($"Of {all} calls {left} wait.");
            }
        }
    }

    /// <summary>A set of servers and its measurements.</summary>
    private sealed class Layout(string name, BenchCluster cluster, IReadOnlyList<Server> gateways)
    {
        private readonly IReadOnlyList<Server> _silos = cluster.Silos;

        public string Name => name;

        public BenchCluster Cluster => cluster;

        public IReadOnlyList<Server> Gateways => gateways;

        public List<Measurement> Measurements { get; } = [];

        public Measurement Last => Measurements[^1];

        public void Measure(int waiters, (double Gateways, double Silos)? idle) =>
            Measurements.Add(new(waiters, Resident(gateways), Resident(_silos), Resident([cluster.Redis]), idle));

        public async Task MeasureIdleAsync(int waiters, TimeSpan idle, CancellationToken stop)
        {
            await Task.Delay(Settling * idle, stop);
            var (before, behind, begun) = (Cost.Cpu(gateways), Cost.Cpu(_silos), Stopwatch.GetTimestamp());
            await Task.Delay(idle, stop);
            var over = Stopwatch.GetElapsedTime(begun);
            Measure(waiters, (100 * ((Cost.Cpu(gateways) - before) / over), 100 * ((Cost.Cpu(_silos) - behind) / over)));
        }

        public double IdleAt(int waiters)
        {
            var idle = Measurements.First(measurement => measurement.Waiters == waiters).Idle!.Value;
            return idle.Gateways + idle.Silos;
        }

        /// <summary>By how many KiB the processes have grown for each waiter; null without waiters.</summary>
        public (double? Total, double? Gateways, double? Silos, double? Redis) PerWaiter(Measurement measurement)
        {
            var first = Measurements[0];
            return measurement.Waiters == 0 ? default : (
                (measurement.Gateways + measurement.Silos - first.Gateways - first.Silos) / measurement.Waiters,
                (measurement.Gateways - first.Gateways) / measurement.Waiters,
                (measurement.Silos - first.Silos) / measurement.Waiters,
                (measurement.Redis - first.Redis) / measurement.Waiters);
        }

        private static double Resident(IEnumerable<Server> group) => group.Sum(server => Usage.Resident(server));
    }

    /// <param name="Waiters">How many requests waited.</param>
    /// <param name="Gateways">VmRSS of all gateways, in KiB.</param>
    /// <param name="Silos">VmRSS of all silos, in KiB.</param>
    /// <param name="Redis">VmRSS of Redis, in KiB.</param>
    /// <param name="Idle">How many percent of a core the servers used; null: not measured.</param>
    private sealed record Measurement(int Waiters, double Gateways, double Silos, double Redis, (double Gateways, double Silos)? Idle);
}
