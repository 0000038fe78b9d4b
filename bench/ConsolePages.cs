using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace SyncCluster.Bench;

/// <summary>What the console's pages cost, and what a page that follows a log costs beside an event stream of the API.</summary>
internal sealed class ConsolePages : IBenchmark
{
    private const double PageLimit = 20;

    /// <summary>How much more a page's stream may cost than one of the API: the noise between two rounds.</summary>
    private const double StreamLimit = 1.1;

    private const int Rows = 100;

    private static readonly Uri Begin = new("/console/tasks", UriKind.Relative);

    public string Name => "console";

    public string Options => "[--jobs 1000] [--pages 200] [--streams 100] [--seconds 10] [--rounds 5]";

    public string[] Small => ["--jobs", "100", "--pages", "3", "--streams", "3", "--seconds", "1", "--rounds", "1"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("jobs", "pages", "streams", "seconds", "rounds", "json");
        var jobs = Math.Max(Rows, arguments.Number("jobs", 1000));
        var pages = arguments.Number("pages", 200);
        var streams = arguments.Number("streams", 100);
        var seconds = arguments.Number("seconds", 10);
        var rounds = arguments.Number("rounds", 5);
        var load = Machine.Load;
        var figures = new Table("storage", "what", "p50, ms", "slowest, ms", "CPU, ms", "of it gateway");
        var goals = new List<Goal>();
        var facts = Machine.Facts("");
        foreach (var (storage, silos) in ((string, int)[])[("Redis", 1), ("one process", 0)])
        {
            await using var cluster = await BenchCluster.StartAsync(silos, 1, [], [], stop);
            facts = Machine.Facts(cluster.Redis.Version);
            using var calls = new DemoClient();
            await calls.WarmUpAsync(cluster, jobs, stop);
            using var api = NewClient(cluster);
            api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "demo-token");

            // The demonstration signs in by itself.
            using var console = NewClient(cluster);
            await console.GetStringAsync(Begin, stop);
            var job = await StartAsync(api, BenchTasks.Dummy, "[]", stop);
            foreach (var (what, path, has) in ((string, string, string)[])
                [
                    ($"a page of {Rows} jobs", "jobs", "href=\"jobs/[0-9a-f]{24}\""), ("a job", $"jobs/{job}", "id=\"job-answer\""), ("the tasks", "tasks", "id=\"tasks\""),
                    ("a task", $"tasks/{BenchTasks.Quick}", "id=\"run\""),
                ])
            {
                var page = await MeasureAsync(cluster, console, $"/console/{path}", has, what.StartsWith("a page", StringComparison.Ordinal) ? Rows : 1, pages, stop);
                figures.Add(storage, what, page.Median, page.Slowest, page.Gateway + page.Silo, page.Gateway);
                goals.Add(new($"{what}, {storage}: p50, ms", PageLimit, page.Median, null));
            }

            if (silos > 0)
            {
                var (ofApi, ofConsole) = (new List<double>(), new List<double>());
                for (var round = 0; round <= rounds; round++)
                {
                    foreach (var isConsole in (bool[])[round % 2 == 0, round % 2 != 0])
                    {
                        var cost = await FollowAsync(cluster, api, isConsole ? console : api, isConsole, streams, seconds, stop);
                        if (round > 0)
                        {
                            (isConsole ? ofConsole : ofApi).Add(cost);
                        }
                    }
                }

                var (theirs, ours) = (Median(ofApi), Median(ofConsole));
                figures.Add(storage, "an event stream of the API", null, null, null, theirs);
                figures.Add(storage, "a page's stream", null, null, null, ours);
                goals.Add(new("a page's stream: gateway's CPU, ms", StreamLimit * theirs, ours, theirs));
            }

            await Console.Error.WriteLineAsync($"{storage}: measured");
        }

        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("pages", $"{pages} of each, one after the other; the customer has some {jobs} jobs");
        facts.Add("streams", $"{streams} at once of one job that prints 100 lines a second for {seconds} s; medians of {rounds} rounds");
        return new(Name, facts, figures) { Goals = goals };
    }

    private static async Task<(double Median, double Slowest, double Gateway, double Silo)> MeasureAsync(
        BenchCluster cluster, HttpClient console, string path, string has, int times, int pages, CancellationToken stop)
    {
        var address = new Uri(path, UriKind.Relative);

        // Code that is run for the first time is compiled.
        for (var warm = 0; warm < pages; warm++)
        {
            await console.GetStringAsync(address, stop);
        }

        var taken = new List<double>();
        var (gateway, silo) = (Cost.Cpu(cluster.Gateways), Cost.Cpu(cluster.Silos));
        for (var page = 0; page < pages; page++)
        {
            var begun = Stopwatch.GetTimestamp();
            var html = await console.GetStringAsync(address, stop);
            taken.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            var found = Regex.Matches(html, has).Select(match => match.Value).Distinct().Count();
            if (found != times)
            {
                throw new InvalidOperationException($"{address} has {found} of {has}, not {times}:\n{html}");
            }
        }

        return (
            Median(taken),
            taken.Max(),
            (Cost.Cpu(cluster.Gateways) - gateway).TotalMilliseconds / pages,
            (Cost.Cpu(cluster.Silos) - silo).TotalMilliseconds / pages);
    }

    /// <returns>The gateway's processor time for a stream from its beginning to its end, in ms.</returns>
    private static async Task<double> FollowAsync(
        BenchCluster cluster, HttpClient api, HttpClient follower, bool isConsole, int streams, int seconds, CancellationToken stop)
    {
        var job = await StartAsync(api, BenchTasks.Printing, $"[\"{seconds}\"]", stop);
        var address = new Uri(isConsole ? $"/console/api/jobs/{job}/events" : $"/demo/job/{job}/events", UriKind.Relative);
        var before = Cost.Cpu(cluster.Gateways);
        var told = await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => follower.GetStringAsync(address, stop)));
        var cost = Cost.Cpu(cluster.Gateways) - before;
        foreach (var events in told)
        {
            var lines = events.Split("event: log\n").Length - 1;
            if (lines != (seconds * BenchTasks.PrintedPerSecond) + 1)
            {
                throw new InvalidOperationException($"A stream has told {lines} lines:\n{events}");
            }
        }

        return cost.TotalMilliseconds / streams;
    }

    private static async Task<string> StartAsync(HttpClient api, string task, string json, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/demo/task/{task}/job", UriKind.Relative))
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Prefer", "respond-async");
        using var response = await api.SendAsync(request, stop);
        response.EnsureSuccessStatusCode();
        return response.Headers.GetValues("Job-Id").Single();
    }

    private static HttpClient NewClient(BenchCluster cluster) => new(new SocketsHttpHandler { CookieContainer = new CookieContainer(), UseProxy = false })
    {
        BaseAddress = cluster.Gateways[0].Address,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
