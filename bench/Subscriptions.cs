using System.Diagnostics;
using System.Runtime;
using StackExchange.Redis;

namespace SyncCluster.Bench;

/// <summary>What it costs a silo, which is this process here, to receive the messages of its finished jobs over Redis, and those of other silos' jobs.</summary>
internal sealed class Subscriptions : IBenchmark
{
    private const string Customer = "5f1e7a0c9d3b4a6e8c2f1d0";
    private static readonly string Another = $"{Id(0)}:job-finished:another";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private int _lastJob;

    public string Name => "subscriptions";

    public string Options => "[--jobs 20000] [--concurrency 64] [--customers 20] [--foreign 4000] [--rounds 7]";

    public string[] Small => ["--jobs", "200", "--foreign", "40", "--rounds", "1"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("jobs", "concurrency", "customers", "foreign", "rounds", "json");
        var jobs = arguments.Number("jobs", 20_000);
        var concurrency = arguments.Number("concurrency", 64);
        var customers = arguments.Number("customers", 20);
        var foreign = arguments.Number("foreign", 4000);
        var rounds = arguments.Number("rounds", 7);
        var load = Machine.Load;

        await using var cluster = await BenchCluster.StartAsync(0, 0, [], [], stop);
        await using var connection = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{cluster.Redis.Port},allowAdmin=true");
        var redis = connection.GetSubscriber();
        // As an operator would set it: by default Redis ends a connection that has 32 MiB to read.
        await connection.GetServers().Single().ConfigSetAsync("client-output-buffer-limit", "pubsub 0 0 0");
        var publisher = await Publisher.StartAsync(cluster, redis);

        var finished = Publisher.Payload(200);
        var nothing = new NoListener();
        var channels = new ChannelPerJob(redis);
        var pattern = new Patterns("pattern per silo, callback", redis, "*:job-finished:*");
        var queue = new QueuedPatterns("pattern per silo, queue", redis, "*:job-finished:*");
        var patterns = new QueuedPatterns(
            $"pattern per customer, queue, {customers} customers", redis, [.. Enumerable.Range(0, customers).Select(customer => $"{Id(customer)}:job-finished:*")]);
        MessageListener[] ways = [nothing, channels, pattern, queue, patterns];
        int[] payloads = [200, 20_000];

        var own = ways.ToDictionary(way => way, _ => new List<Cost>());
        var between = payloads.ToDictionary(payload => payload, _ => new List<Cost>());
        var idle = payloads.ToDictionary(payload => payload, _ => new List<Cost>());
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var way in Rotated(ways, round))
            {
                Keep(round, own[way], await OwnAsync(way, []));
            }

            foreach (var payload in Rotated(payloads, round))
            {
                var another = Publisher.Publish(Another, Publisher.Payload(payload));
                var heard = await OwnAsync(queue, [.. another, .. another]);
                Keep(round, between[payload], (heard - await OwnAsync(nothing, [.. another, .. another])) / 2);
                heard = await IdleAsync(queue, payload);
                Keep(round, idle[payload], heard - await IdleAsync(nothing, payload));
            }

            await Console.Error.WriteLineAsync(round == 0 ? "warm" : $"round {round} of {rounds}");
        }

        var facts = Machine.Facts(cluster.Redis.Version);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("subscriber", $"{(GCSettings.IsServerGC ? "server" : "workstation")} garbage collector, {connection.GetServers().Single().Protocol}");
        facts.Add("rounds", $"{rounds}, each of {jobs} own jobs a row, {concurrency} at a time, and {foreign} others' to an idle silo; medians");
        var figures = new Table("a message", "client CPU, µs", "Redis CPU, µs", "confirmed, median ms", "confirmed, p99 ms",
            "a channel per job is cheaper above, % others', client", "the same, with Redis");
        var alone = Cost.Median(own[nothing]);
        foreach (var way in ways.Skip(1))
        {
            var cost = Cost.Median(own[way]);
            figures.Add($"own, {way.Name}", cost.Client - alone.Client, cost.Redis - alone.Redis,
                way == channels ? cost.Confirmed : null, way == channels ? cost.Slow : null, null, null);
        }

        var saved = Cost.Median(own[channels]) - Cost.Median(own[queue]);
        var listened = Cost.Median(own[queue]) - alone;
        foreach (var payload in payloads)
        {
            var cost = Cost.Median(between[payload]) - (listened / 2);
            figures.Add($"another's of {payload} B, between own jobs", cost.Client, cost.Redis, null, null,
                Share(saved.Client / cost.Client), Share((saved.Client + saved.Redis) / (cost.Client + cost.Redis)));
            cost = Cost.Median(idle[payload]);
            figures.Add($"another's of {payload} B, to an idle silo", cost.Client, cost.Redis, null, null, null, null);
        }

        return new(Name, facts, figures);

        // With the message of each job come those of other jobs.
        async Task<Cost> OwnAsync(MessageListener way, byte[] others)
        {
            var confirmed = new double[jobs];
            var next = -1;
            await way.StartAsync();
            var cost = await CostAsync(cluster, jobs, async () =>
            {
                await Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Task.Run(CallsAsync, stop))).WaitAsync(Limit, stop);
                await publisher.DrainAsync(stop);
            });
            await way.StopAsync();
            Array.Sort(confirmed);
            return cost with { Confirmed = confirmed[jobs / 2], Slow = confirmed[(int)(jobs * 0.99)] };

            async Task CallsAsync()
            {
                while (Interlocked.Increment(ref next) is var job && job < jobs)
                {
                    var channel = $"{Id(job % customers)}:job-finished:{Interlocked.Increment(ref _lastJob):x24}";
                    var begun = Stopwatch.GetTimestamp();
                    var heard = await way.ListenAsync(channel);
                    confirmed[job] = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
                    publisher.Write([.. others, .. Publisher.Publish(channel, finished)]);
                    await heard;
                    way.Forget(channel);
                }
            }
        }

        async Task<Cost> IdleAsync(MessageListener way, int payload)
        {
            await way.StartAsync();
            var expected = way.Foreign + (way is Patterns ? foreign / 4 * 4 : 0);
            var cost = await CostAsync(cluster, foreign, async () =>
            {
                await publisher.TrickleAsync(Another, payload, foreign, stop);
                await UntilAsync(() => way.Foreign >= expected, stop);
            });
            await way.StopAsync();
            return cost;
        }
    }

    private static async Task UntilAsync(Func<bool> condition, CancellationToken stop)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(begun) > Limit)
            {
                throw new InvalidOperationException("Messages were lost.");
            }

            await Task.Delay(Pause, stop);
        }
    }

    private static async Task<Cost> CostAsync(BenchCluster cluster, int messages, Func<Task> work)
    {
        var (client, server) = (Environment.CpuUsage.TotalTime, Usage.Cpu(cluster.Redis));
        await work();
        return new((Environment.CpuUsage.TotalTime - client).TotalMicroseconds / messages, (Usage.Cpu(cluster.Redis) - server).TotalMicroseconds / messages, 0, 0);
    }

    private static IEnumerable<T> Rotated<T>(T[] all, int by) => all.Select((_, index) => all[(index + by) % all.Length]);

    // The first round compiles the code.
    private static void Keep(int round, List<Cost> costs, Cost cost)
    {
        if (round > 0)
        {
            costs.Add(cost);
        }
    }

    private static double Share(double othersPerOwn) => 100 * othersPerOwn / (1 + othersPerOwn);

    private static string Id(int customer) => $"{Customer}{customer:x}";

    /// <param name="Client">CPU of this process, µs a message.</param>
    /// <param name="Redis">CPU of Redis, µs a message.</param>
    /// <param name="Confirmed">Time until the job could be released, ms, median.</param>
    /// <param name="Slow">The same, 99th percentile.</param>
    private sealed record Cost(double Client, double Redis, double Confirmed, double Slow)
    {
        public static Cost operator /(Cost cost, double by) => new(cost.Client / by, cost.Redis / by, 0, 0);

        public static Cost operator -(Cost one, Cost other) => new(one.Client - other.Client, one.Redis - other.Redis, 0, 0);

        public static Cost Median(List<Cost> costs) =>
            new(Middle(costs, cost => cost.Client), Middle(costs, cost => cost.Redis), Middle(costs, cost => cost.Confirmed), Middle(costs, cost => cost.Slow));

        private static double Middle(List<Cost> costs, Func<Cost, double> figure) => costs.Select(figure).Order().ElementAt(costs.Count / 2);
    }
}
