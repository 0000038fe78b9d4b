using System.Diagnostics;

namespace SyncCluster.Bench;

/// <summary>What requests cost that do nothing but wait, each for a job of its own, most of which are queued.</summary>
internal sealed class Waiters : IBenchmark
{
    /// <summary>So many more are opened between two looks at the memory.</summary>
    private const int Stride = 2000;

    /// <summary>Where the processor's idle time is judged.</summary>
    private const int IdleAt = 10_000;

    private const double MemoryLimit = 2;
    private const double IdleLimit = 3;

    /// <summary>How long is looked at most while nobody waits.</summary>
    private static readonly TimeSpan Unwaited = TimeSpan.FromSeconds(20);

    /// <summary>How many times as long a server is left alone before: what it does while idle, the attach after a minute included, is compiled by then.</summary>
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
        await using (var servers = await Servers.StartAsync(0, 0, [], [], stop))
        {
            redis = servers.RedisVersion;
            var floor = await servers.StartFloorAsync(stop);
            await floor.AskAsync("hold", stop);
            layouts.Add(new("bare Kestrel", servers, [floor]));
            await MeasureAsync(layouts[^1], count, () => Crowd.HeldAsync(floor, stop));
        }

        foreach (var gateways in Enumerable.Range(1, arguments.Number("gateways", 2)))
        {
            var silos = arguments.Number("silos", gateways);
            await using var servers = await Servers.StartAsync(
                silos,
                gateways,
                ["--LocalExecutor:Concurrency=2", $"--LocalExecutor:QueueLimit={(count * gateways) + Stride}"],
                ["--Waiting:Maximum=06:00:00", $"--Limits:Waiters={count + Stride}"],
                stop);
            using var calls = new Calls();
            await calls.WarmAsync(servers, Math.Min(count, 3000), stop);
            var records = await servers.RecordsAsync();
            layouts.Add(new($"gateways {gateways}, silos {silos}", servers, servers.Gateways));
            await MeasureAsync(layouts[^1], count * gateways, async () => (int)Math.Min(
                await calls.WaitingAsync(servers.Gateways, stop), await servers.RecordsAsync() - records));
        }

        var facts = Machine.Facts(redis);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("idle", $"{idle.TotalSeconds:0} s with {idleAt}, after {Settling * idle.TotalSeconds:0} s, in which what a server does while idle is compiled");
        var figures = new Table(
            "servers", "waiters", "KiB a waiter", "of it gateways", "of it silos", "Redis, KiB", "times the floor",
            "idle, % of a core", "gateways idle, %", "silos idle, %");
        var memory = new Plot("waiters", "Memory against waiters", "waiters", "MiB more than without");
        var floorMemory = layouts[0].PerWaiter(layouts[0].Last).Total;
        foreach (var layout in layouts)
        {
            foreach (var look in layout.Looks.Where(look => look.Idle is not null || look == layout.Last))
            {
                var more = layout.PerWaiter(look);
                figures.Add(
                    layout.Name, look.Waiters, more.Total, more.Gateways, more.Silos, more.Redis, look.Waiters == 0 ? null : more.Total / floorMemory,
                    look.Idle?.Gateways + look.Idle?.Silos, look.Idle?.Gateways, look.Idle?.Silos);
            }

            memory.Add(layout.Name, layout.Looks.Select(look => ((double)look.Waiters, look.Waiters == 0 ? 0 : layout.PerWaiter(look).Total!.Value * look.Waiters / 1024)));
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
            var clients = new List<Server>();
            foreach (var _ in layout.Gateways)
            {
                clients.Add(await layout.Servers.StartLoadAsync(stop));
            }

            string[] requests = [.. layout.Gateways.Select(gateway => $"POST {Calls.Address(gateway, BenchTasks.Endless)}")];
            await layout.LookIdleAsync(0, idle < Unwaited ? idle : Unwaited, stop);
            for (var opened = 0; opened < all;)
            {
                var more = Math.Min(opened < idleAt ? Math.Min(Stride, idleAt - opened) : Stride, all - opened);
                await Crowd.OpenAsync(clients, requests, more, waiting, stop);
                opened += more;
                if (opened == idleAt)
                {
                    await layout.LookIdleAsync(opened, idle, stop);
                }
                else
                {
                    layout.Look(opened, null);
                }

                await Console.Error.WriteLineAsync($"{layout.Name}: {opened} wait");
            }

            await Crowd.RequireAllWaitAsync(clients, stop);
            if (await waiting() is var left && left != all)
            {
                throw new InvalidOperationException($"Of {all} calls {left} wait.");
            }
        }
    }

    /// <summary>Servers, and what was seen of them.</summary>
    private sealed class Layout(string name, Servers servers, IReadOnlyList<Server> gateways)
    {
        private readonly IReadOnlyList<Server> _silos = servers.Silos;

        public string Name => name;

        public Servers Servers => servers;

        public IReadOnlyList<Server> Gateways => gateways;

        public List<Look> Looks { get; } = [];

        public Look Last => Looks[^1];

        public void Look(int waiters, (double Gateways, double Silos)? idle) =>
            Looks.Add(new(waiters, Resident(gateways), Resident(_silos), Resident([servers.Redis]), idle));

        public async Task LookIdleAsync(int waiters, TimeSpan idle, CancellationToken stop)
        {
            await Task.Delay(Settling * idle, stop);
            var (before, behind, begun) = (Cost.Cpu(gateways), Cost.Cpu(_silos), Stopwatch.GetTimestamp());
            await Task.Delay(idle, stop);
            var over = Stopwatch.GetElapsedTime(begun);
            Look(waiters, (100 * ((Cost.Cpu(gateways) - before) / over), 100 * ((Cost.Cpu(_silos) - behind) / over)));
        }

        public double IdleAt(int waiters)
        {
            var idle = Looks.First(look => look.Waiters == waiters).Idle!.Value;
            return idle.Gateways + idle.Silos;
        }

        /// <summary>KiB that the processes have grown by, a waiter; null of none.</summary>
        public (double? Total, double? Gateways, double? Silos, double? Redis) PerWaiter(Look look)
        {
            var first = Looks[0];
            return look.Waiters == 0 ? default : (
                (look.Gateways + look.Silos - first.Gateways - first.Silos) / look.Waiters,
                (look.Gateways - first.Gateways) / look.Waiters,
                (look.Silos - first.Silos) / look.Waiters,
                (look.Redis - first.Redis) / look.Waiters);
        }

        private static double Resident(IEnumerable<Server> group) => group.Sum(server => Usage.Of(server).Resident);
    }

    /// <param name="Waiters">How many waited.</param>
    /// <param name="Gateways">VmRSS of all, in KiB.</param>
    /// <param name="Silos">The same of the silos.</param>
    /// <param name="Redis">And of Redis.</param>
    /// <param name="Idle">Percent of a core that they used; null where that was not measured.</param>
    private sealed record Look(int Waiters, double Gateways, double Silos, double Redis, (double Gateways, double Silos)? Idle);
}
