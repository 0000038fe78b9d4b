using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace SyncCluster.Bench;

/// <summary>How long the calls of one customer take alone, and while another customer floods the queue, in one run.</summary>
internal sealed class Fairness : IBenchmark
{
    private const string Calm = "calm";
    private const string Flood = "flood";
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    public string Name => "fairness";

    public string Options => "[--calls 200] [--interval 100] [--script 500] [--workers 16] [--flood 400]";

    public string[] Small => ["--calls", "10", "--flood", "20"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("calls", "interval", "script", "workers", "flood", "json");
        var calls = arguments.Number("calls", 200);
        var interval = TimeSpan.FromMilliseconds(arguments.Number("interval", 100));
        var script = arguments.Number("script", 500);
        var workers = arguments.Number("workers", 16);
        var flood = arguments.Number("flood", 400);
        var load = Machine.Load;
        await using var cluster = await BenchCluster.StartAsync(
            0, 1, [], [$"--LocalExecutor:Concurrency={workers}", .. User(Calm), .. User(Flood)], stop);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = cluster.Gateways[0].Address, Timeout = TimeSpan.FromMinutes(10) };
        var tasks = new Dictionary<string, string>();
        foreach (var customer in (string[])[Calm, Flood])
        {
            tasks[customer] = await ImportAsync(customer);
        }

        await CallsAsync(20);
        var alone = await CallsAsync(calls);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var flooding = Enumerable.Range(0, flood).Select(_ => FloodAsync(over.Token)).ToArray();
        await Task.Delay(Settling, stop);
        var beside = await CallsAsync(calls);
        await over.CancelAsync();
        var flooded = (await Task.WhenAll(flooding)).Sum();

        var facts = Machine.Facts(cluster.Redis.Version);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("calls", $"{calls} each, one every {interval.TotalMilliseconds} ms, of scripts of {script} ms; {workers} workers");
        facts.Add("the flood", $"{flood} calls of another customer open all the time, {flooded} of them answered");
        var figures = new Table("what", "p50, ms", "p99, ms", "longest, ms");
        figures.Add("alone", At(alone, 0.5), At(alone, 0.99), alone[^1]);
        figures.Add("beside the flood", At(beside, 0.5), At(beside, 0.99), beside[^1]);
        figures.Add("times as long", At(beside, 0.5) / At(alone, 0.5), At(beside, 0.99) / At(alone, 0.99), beside[^1] / alone[^1]);
        return new(Name, facts, figures);

        async Task<double[]> CallsAsync(int count)
        {
            var times = new ConcurrentBag<double>();
            using var timer = new PeriodicTimer(interval);
            var open = new List<Task>();
            for (var call = 0; call < count; call++)
            {
                open.Add(TimeAsync());
                await timer.WaitForNextTickAsync(stop);
            }

            await Task.WhenAll(open);
            return [.. times.Order()];

            async Task TimeAsync()
            {
                var begun = Stopwatch.GetTimestamp();
                await PostAsync(Calm, $"/{Calm}/task/{tasks[Calm]}/job", "[]", stop);
                times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }
        }

        async Task<int> FloodAsync(CancellationToken end)
        {
            for (var answered = 0; ; answered++)
            {
                try
                {
                    await PostAsync(Flood, $"/{Flood}/task/{tasks[Flood]}/job", "[]", end);
                }
                catch (OperationCanceledException)
                {
                    return answered;
                }
            }
        }

        async Task<string> ImportAsync(string customer)
        {
            var recipe = new JsonObject
            {
                ["task"] = new JsonObject { ["name"] = "wait", ["type"] = "script", ["script_runas"] = "sh %script%", ["timeout"] = 60_000, ["task_arguments"] = new JsonArray() },
                ["file"] = new JsonObject
                {
                    ["filename"] = "wait.sh",
                    ["data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes($"sleep {script / 1000}.{script % 1000:000}\necho '[\"done\"]'\n")),
                },
            };
            return JsonNode.Parse(await PostAsync(customer, $"/{customer}/task/import", recipe.ToJsonString(), stop))!["id"]!.GetValue<string>();
        }

        async Task<string> PostAsync(string customer, string path, string json, CancellationToken end)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TokenOf(customer));
            using var response = await http.SendAsync(request, end);
            var body = await response.Content.ReadAsStringAsync(end);
            return response.IsSuccessStatusCode ? body : throw new InvalidOperationException($"{(int)response.StatusCode}: {body}\n{cluster.Gateways[0].Process.Tail}");
        }
    }

    private static double At(double[] sorted, double share) => sorted[(int)Math.Ceiling(share * sorted.Length) - 1];

    private static string TokenOf(string customer) => $"{customer}-token";

    private static string[] User(string customer)
    {
        var user = $"--Auth:Customers:{customer}:Users:0";
        return
        [
            $"{user}:Username={customer}", $"{user}:Email={customer}@bench.example", $"{user}:Credential=admin",
            $"{user}:TokenSha256={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(TokenOf(customer))))}",
        ];
    }
}
