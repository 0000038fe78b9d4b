using System.Diagnostics;
using SyncCluster.TheEye;

namespace SyncCluster.Bench;

/// <summary>What a call costs in front of a TheEye that answers at once: processor time of gateway and silos, and of which parts it is made.</summary>
internal sealed class FrontOfTheEye : IBenchmark
{
    private const string Customer = "acme";
    private const string Token = "bench-token";

    public string Name => "theeye";

    public string Options => "[--calls 20000] [--concurrency 64] [--rounds 5] [--silos N, more than none for a cluster over Redis]";

    public string[] Small => ["--calls", "200", "--rounds", "1"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("calls", "concurrency", "rounds", "silos", "json");
        var calls = arguments.Number("calls", 20_000);
        var concurrency = arguments.Number("concurrency", 64);
        var rounds = arguments.Number("rounds", 5);
        var silos = arguments.Text("silos") is null ? 0 : arguments.Number("silos", 1);
        var load = Machine.Load;

        await using var servers = await Servers.StartAsync(0, 0, [], [], stop);
        await using var theEye = await TheEyeServer.StartAsync(new TheEyeOptions { Redis = $"127.0.0.1:{servers.RedisPort}" });
        theEye.AddUser(Token, new TheEyeUser { Customer = Customer, CustomerId = "5f0000000000000000000acc" });
        var script = new TheEyeTask { AutoremoveCompletedJobs = false, ArgumentCount = 1 };
        var dummy = new TheEyeTask { Type = TaskType.Dummy, AutoremoveCompletedJobs = false, ArgumentCount = 1 };
        theEye.AddTask(Customer, script);
        theEye.AddTask(Customer, dummy);
        string[] settings =
        [
            "--Executor=TheEye", $"--TheEye:Gateway={theEye.Gateway}", $"--TheEye:Supervisor={theEye.Supervisor}", $"--TheEye:Redis=127.0.0.1:{servers.RedisPort}",
        ];
        await servers.AddAsync(silos, 1, settings, settings, stop);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = concurrency });
        http.BaseAddress = servers.Gateways[0].Address;
        var ended = await EndedJobAsync();

        Part[] parts =
        [
            new("a request that is answered without a look", () => new(HttpMethod.Get, "/api/status")),
            new("reading a job: token, and 1 request to the supervisor", () => new(HttpMethod.Get, $"/{Customer}/job/{ended}?access_token={Token}")),
            new("a task that ends when it is made: the same, and the arguments", () => Call(dummy.Id)),
            new("a call: 3 requests to the supervisor, 1 message of Redis, the job's grain", () => Call(script.Id)),
        ];
        foreach (var part in parts)
        {
            await RunAsync(part, calls);
        }

        var costs = parts.ToDictionary(part => part, _ => new List<double[]>());
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

        var facts = Machine.Facts(servers.RedisVersion);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("servers", silos == 0 ? "1 gateway with a silo in its process" : $"1 gateway, silos: {silos}, storage in Redis");
        facts.Add("rounds", $"{rounds}, each of {calls} a row, {concurrency} at a time; medians");
        var figures = new Table("what", "CPU, µs", "of it gateway", "of it silos", "a second");
        foreach (var (part, measured) in costs)
        {
            figures.Add(part.Name, Median(0), Median(1), Median(2), Median(3));

            double Median(int figure) => measured.Select(one => one[figure]).Order().ElementAt(measured.Count / 2);
        }

        return new(Name, facts, figures);

        static HttpRequestMessage Call(string task) => new(HttpMethod.Post, $"/{Customer}/task/{task}/job?access_token={Token}")
        {
            Content = new ByteArrayContent("[\"a\"]"u8.ToArray()) { Headers = { ContentType = new("application/json") } },
        };

        async Task<string> EndedJobAsync()
        {
            using var response = await http.SendAsync(Call(script.Id), stop);
            response.EnsureSuccessStatusCode();
            return response.Headers.GetValues("Job-Id").Single();
        }

        async Task<double[]> RunAsync(Part part, int times)
        {
            var (gateway, silo, begun) = (Cpu(servers.Gateways), Cpu(servers.Silos), Stopwatch.GetTimestamp());
            await Parallel.ForEachAsync(
                Enumerable.Range(0, times),
                new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = stop },
                async (_, token) =>
                {
                    using var request = part.Request();
                    using var response = await http.SendAsync(request, token);
                    if (!response.IsSuccessStatusCode)
                    {
                        throw new InvalidOperationException($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(token)}\n{servers.Gateways[0].Tail}");
                    }
                });
            var (gateways, rest) = ((Cpu(servers.Gateways) - gateway).TotalMicroseconds / times, (Cpu(servers.Silos) - silo).TotalMicroseconds / times);
            return [gateways + rest, gateways, rest, times / Stopwatch.GetElapsedTime(begun).TotalSeconds];
        }
    }

    private static TimeSpan Cpu(IEnumerable<Server> servers) => servers.Aggregate(TimeSpan.Zero, (sum, server) => sum + Usage.Of(server).Cpu);

    private sealed record Part(string Name, Func<HttpRequestMessage> Request);
}
