using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;

namespace SyncCluster.Bench;

/// <summary>Lists of jobs of a customer that has many, by each kind of filter.</summary>
internal sealed class Listings : IBenchmark
{
    private const double Limit = 50;
    private const int Clients = 64;

    /// <summary>All jobs but the first few are of one task and have succeeded: these filters look at all of them, or at nearly all.</summary>
    private static readonly (string What, string Query, bool IsFound)[] Lists =
    [
        ("the newest", "", true),
        ("the oldest", "&sort[creation_date]=1", true),
        ("by the task of nearly all", "&where[task_id]=dummy", true),
        ("by the task of the first few", "&where[task_id]=quick", true),
        ("by a state that none has", "&where[state]=timeout", false),
        ("by a lifecycle that none has", "&where[lifecycle]=canceled", false),
        ("by a caller of none", "&where[user.username]=nobody", false),
        ("by a time of none", "&until=2001-01-01T00:00:00Z", false),
        ("those that run", "&where[lifecycle][]=ready&where[lifecycle][]=assigned", false),
        ("behind all but 50", "&skip={0}", true),
    ];

    public string Name => "list";

    public string Options => "[--jobs 100000] [--rounds 20]";

    public string[] Small => ["--jobs", "500", "--rounds", "2"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("jobs", "rounds", "json");
        var jobs = arguments.Number("jobs", 100_000);
        var rounds = arguments.Number("rounds", 20);
        var load = Machine.Load;
        var figures = new Table("storage", "list", "p50, ms", "slowest, ms", "CPU, ms");
        var goals = new List<Goal>();
        var facts = Machine.Facts("");
        foreach (var (storage, silos) in ((string, int)[])[("Redis", 1), ("one process", 0)])
        {
            await using var cluster = await BenchCluster.StartAsync(silos, 1, [], [], stop);
            facts = Machine.Facts(cluster.Redis.Version);
            var client = await cluster.StartLoadAsync(stop);
            await Cost.OfCallsAsync(cluster, cluster.Gateways, [client], BenchTasks.Quick, 4, 20, stop);
            await Cost.OfCallsAsync(cluster, cluster.Gateways, [client], BenchTasks.Dummy, Clients, jobs, stop);
            using var http = new HttpClient();
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "demo-token");
            foreach (var (what, query, isFound) in Lists)
            {
                var shown = query.Replace("{0}", $"{jobs - 30}", StringComparison.Ordinal);
                var address = new Uri(cluster.Gateways[0].Address!, $"/demo/job?limit=50{shown}");
                var taken = new List<double>();
                var before = TimeSpan.Zero;
                for (var round = 0; round <= rounds; round++)
                {
                    var begun = Stopwatch.GetTimestamp();
                    var body = await http.GetStringAsync(address, stop);
                    if (round == 0)
                    {
                        before = Cost.Cpu(cluster.Gateways.Concat(cluster.Silos));
                    }
                    else
                    {
                        taken.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                    }

                    using var listed = JsonDocument.Parse(body);
                    if (listed.RootElement.GetArrayLength() > 0 != isFound)
                    {
                        throw new InvalidOperationException($"{address}: {listed.RootElement.GetArrayLength()} jobs");
                    }
                }

                var cpu = Cost.Cpu(cluster.Gateways.Concat(cluster.Silos)) - before;
                taken.Sort();
                figures.Add(storage, what, taken[taken.Count / 2], taken[^1], cpu.TotalMilliseconds / rounds);
                goals.Add(new($"50 of {jobs} jobs, {storage}, {what}: p50, ms", Limit, taken[taken.Count / 2], null));
            }

            await Console.Error.WriteLineAsync($"{storage}: measured");
        }

        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("rounds", $"{rounds} of each list, one after the other");
        return new(Name, facts, figures) { Goals = goals };
    }
}
