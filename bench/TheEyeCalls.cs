using System.Diagnostics;
using SyncCluster.Harness.Processes;
using SyncCluster.TheEye;

namespace SyncCluster.Bench;

/// <summary>The processor time of a call in front of a TheEye that answers at once, and of its parts: with gateway and silo in one process, and apart.</summary>
internal sealed class TheEyeCalls : IBenchmark
{
    private const double Limit = 170;
    private const string Customer = "acme";
    private const string Token = "bench-token";
    private const string WholeCall = "a call: 3 requests to the supervisor, 1 message of Redis, the job's grain";

    public string Name => "theeye";

    public string Options => "[--calls 20000] [--concurrency 64] [--rounds 3]";

    public string[] Small => ["--calls", "200", "--rounds", "1"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("calls", "concurrency", "rounds", "json");
        var calls = arguments.Number("calls", 20_000);
        var concurrency = arguments.Number("concurrency", 64);
        var rounds = arguments.Number("rounds", 3);
        var load = Machine.Load;
        var figures = new Table("servers", "what", "CPU, µs", "of it gateway", "of it silo", "a second");
        var goals = new List<Goal>();
        var facts = Machine.Facts("");
        foreach (var silos in (int[])[0, 1])
        {
            await using var cluster = await BenchCluster.StartAsync(0, 0, [], [], stop);
            facts = Machine.Facts(cluster.Redis.Version);
            var costs = await MeasureAsync(cluster, silos, calls, concurrency, rounds, stop);
            var way = silos == 0 ? "one process" : "gateway and silo apart";
            foreach (var (part, measured) in costs)
            {
                var median = Median(measured);
                figures.Add(way, part.Name, median.Total, median.Gateway, silos == 0 ? null : median.Silo, median.PerSecond);
            }

            goals.Add(new($"CPU, µs a call, {way}", Limit, Median(costs.Single(part => part.Key.Name == WholeCall).Value).Total, Median(costs.First().Value).Total));
        }

        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("rounds", $"{rounds}, each of {calls} a row, {concurrency} at a time; medians");
        facts.Add("not counted", "the clients and the stand-in of TheEye, both in the benchmark's process, and Redis");
        return new(Name, facts, figures) { Goals = goals };
    }

    private static async Task<Dictionary<Part, List<PartCost>>> MeasureAsync(
        BenchCluster cluster, int silos, int calls, int concurrency, int rounds, CancellationToken stop)
    {
        await using var theEye = await TheEyeServer.StartAsync(new TheEyeOptions { Redis = cluster.Redis.Endpoint });
        theEye.AddUser(Token, new TheEyeUser { Customer = Customer, CustomerId = "5f0000000000000000000acc" });
        var script = new TheEyeTask { AutoremoveCompletedJobs = false, ArgumentCount = 1 };
        var dummy = new TheEyeTask { Type = TaskType.Dummy, AutoremoveCompletedJobs = false, ArgumentCount = 1 };
        theEye.AddTask(Customer, script);
        theEye.AddTask(Customer, dummy);
        string[] settings =
        [
            "--Executor=TheEye", $"--TheEye:Gateway={theEye.Gateway}", $"--TheEye:Supervisor={theEye.Supervisor}", $"--TheEye:Redis={cluster.Redis.Endpoint}",
        ];
        await cluster.AddAsync(silos, 1, settings, settings, stop);
        var floor = await cluster.StartFloorAsync(stop);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = concurrency });
        http.BaseAddress = cluster.Gateways[0].Address;
        var ended = await EndedJobAsync();

        Part[] parts =
        [
            new("bare Kestrel", () => new(HttpMethod.Post, new Uri(floor.Address!, "/")) { Content = Arguments() }),
            new("a request that is answered without a look", () => new(HttpMethod.Get, "/api/status")),
            new("reading a job: token, and 1 request to the supervisor", () => new(HttpMethod.Get, $"/{Customer}/job/{ended}?access_token={Token}")),
            new("a task that ends when it is made: the same, and the arguments", () => Call(dummy.Id)),
            new(WholeCall, () => Call(script.Id)),
        ];
        foreach (var part in parts)
        {
            await RunAsync(part, 2 * calls);
        }

        var costs = parts.ToDictionary(part => part, _ => new List<PartCost>());
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var part in parts)
            {
                costs[part].Add(await RunAsync(part, calls));
            }

            await Console.Error.WriteLineAsync($"round {round} of {rounds}");
        }

        if (theEye.Counters.RunTwice > 0)
        {
            throw new InvalidOperationException($"{theEye.Counters.RunTwice} jobs were run twice.");
        }

        return costs;

        static ByteArrayContent Arguments() => new("[\"a\"]"u8.ToArray()) { Headers = { ContentType = new("application/json") } };

        static HttpRequestMessage Call(string task) => new(HttpMethod.Post, $"/{Customer}/task/{task}/job?access_token={Token}") { Content = Arguments() };

        async Task<string> EndedJobAsync()
        {
            using var response = await http.SendAsync(Call(script.Id), stop);
            response.EnsureSuccessStatusCode();
            return response.Headers.GetValues("Job-Id").Single();
        }

        async Task<PartCost> RunAsync(Part part, int times)
        {
            Server[] gateways = [.. cluster.Gateways, floor];
            var (gateway, silo, begun) = (Cost.Cpu(gateways), Cost.Cpu(cluster.Silos), Stopwatch.GetTimestamp());
            await Parallel.ForEachAsync(
                Enumerable.Range(0, times),
                new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = stop },
                async (_, token) =>
                {
                    using var request = part.Request();
                    using var response = await http.SendAsync(request, token);
                    if (!response.IsSuccessStatusCode)
                    {
                        throw new InvalidOperationException($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(token)}\n{cluster.Gateways[0].Process.Tail}");
                    }
                });
            return new(
                (Cost.Cpu(gateways) - gateway).TotalMicroseconds / times,
                (Cost.Cpu(cluster.Silos) - silo).TotalMicroseconds / times,
                times / Stopwatch.GetElapsedTime(begun).TotalSeconds);
        }
    }

    private static PartCost Median(List<PartCost> costs) => costs.OrderBy(cost => cost.Total).ElementAt(costs.Count / 2);

    private sealed record Part(string Name, Func<HttpRequestMessage> Request);

    /// <param name="Gateway">Microseconds of CPU each.</param>
    /// <param name="Silo">The same.</param>
    /// <param name="PerSecond">How many a second.</param>
    private sealed record PartCost(double Gateway, double Silo, double PerSecond)
    {
        public double Total => Gateway + Silo;
    }
}
