using System.Diagnostics;

namespace SyncCluster.Bench;

/// <summary>What calls cost that do nothing but wait: each for a job of its own, most of which are queued.</summary>
internal sealed class Waiters : IBenchmark
{
    // Two of them are on their way at most: a gateway gives each some seconds to get its job stored.
    private const int Step = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    public string Name => "waiters";

    public string Options => "[--count 10000] [--silos 2] [--gateways 1] [--idle 20]";

    public string[] Small => ["--count", "50", "--silos", "1", "--idle", "1"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("count", "silos", "gateways", "idle", "json");
        var count = arguments.Number("count", 10_000);
        var idle = TimeSpan.FromSeconds(arguments.Number("idle", 20));
        var load = Machine.Load;
        await using var servers = await Servers.StartAsync(
            arguments.Number("silos", 2),
            arguments.Number("gateways", 1),
            ["--LocalExecutor:Concurrency=2", $"--LocalExecutor:QueueLimit={count + Step}"],
            ["--Waiting:Maximum=06:00:00"],
            stop);
        using var calls = new Calls();
        await calls.WarmAsync(servers, 300, stop);
        await Task.Delay(Settling, stop);

        var before = Look(servers);
        var begun = Stopwatch.GetTimestamp();
        var waiting = await BeginAsync(servers, calls, count, stop);
        var connecting = Stopwatch.GetElapsedTime(begun);

        await Task.Delay(Settling, stop);
        var still = Look(servers);
        begun = Stopwatch.GetTimestamp();
        await Task.Delay(idle, stop);
        var after = Look(servers);
        var measured = Stopwatch.GetElapsedTime(begun);
        RequireAllWait(waiting);
        if (await calls.WaitingAsync(servers.Gateways, stop) is var left && left != count)
        {
            throw new InvalidOperationException($"Of {count} calls {left} wait.");
        }

        var facts = Machine.Facts(servers.RedisVersion);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("waiters", $"{count}, within {connecting.TotalSeconds:0} s, then {measured.TotalSeconds:0} s idle");
        var figures = new Table("process", "idle CPU, % of a core", "RSS before, MiB", "RSS waiting, MiB", "RSS a waiter, KiB", "private a waiter, KiB");
        foreach (var server in servers.All)
        {
            Add(server.Name, [server]);
        }

        Add("all silos", servers.Silos);
        Add("all gateways", servers.Gateways);
        return new(Name, facts, figures);

        void Add(string name, IEnumerable<Server> group)
        {
            var (first, then, last) = (Sum(before, group), Sum(still, group), Sum(after, group));
            figures.Add(name, 100 * ((last - then).Cpu / measured), first.Resident / 1024, last.Resident / 1024,
                (last - first).Resident / count, (last - first).Private / count);
        }
    }

    private static Dictionary<Server, Usage> Look(Servers servers) => servers.All.ToDictionary(server => server, Usage.Of);

    private static Usage Sum(Dictionary<Server, Usage> usage, IEnumerable<Server> group) =>
        group.Select(server => usage[server]).Aggregate((one, other) => one + other);

    /// <summary>Until all wait and all their jobs are stored.</summary>
    private static async Task<List<Task<Answer>>> BeginAsync(Servers servers, Calls calls, int count, CancellationToken stop)
    {
        var records = await servers.RecordsAsync();
        var waiting = new List<Task<Answer>>(count);
        while (waiting.Count < count)
        {
            for (var more = Math.Min(Step, count - waiting.Count); more > 0; more--)
            {
                waiting.Add(calls.PostAsync(servers.Gateways[waiting.Count % servers.Gateways.Count], BenchTasks.Endless, stop));
            }

            // Those of this step may still be without a record.
            await UntilAsync(async () =>
                await calls.WaitingAsync(servers.Gateways, stop) >= waiting.Count && await servers.RecordsAsync() >= records + waiting.Count - Step);
            if (waiting.Count % 1000 == 0 || waiting.Count == count)
            {
                await Console.Error.WriteLineAsync($"{waiting.Count} wait");
            }
        }

        await UntilAsync(async () => await servers.RecordsAsync() >= records + count);
        return waiting;

        async Task UntilAsync(Func<Task<bool>> condition)
        {
            var begun = Stopwatch.GetTimestamp();
            while (!await condition())
            {
                RequireAllWait(waiting);
                if (Stopwatch.GetElapsedTime(begun) > Limit)
                {
                    throw new InvalidOperationException($"Waited in vain for {waiting.Count} calls to wait.");
                }

                await Task.Delay(Pause, stop);
            }
        }
    }

    private static void RequireAllWait(List<Task<Answer>> waiting)
    {
        var ended = waiting.Where(call => call.IsCompleted).ToList();
        if (ended.Count > 0)
        {
            var how = ended[0].IsCompletedSuccessfully ? $"{ended[0].Result}" : ended[0].Exception?.GetBaseException().Message;
            throw new InvalidOperationException($"{ended.Count} calls ended that were to wait, the first one with: {how}");
        }
    }
}
