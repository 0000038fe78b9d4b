using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;
using static Microsoft.Playwright.Assertions;

namespace SyncCluster.WebConsole.Tests;

/// <summary>The console of a cluster: nginx in front of two gateways, in turn for each request.</summary>
[Collection(SharedSite.Name)]
public sealed class BalancedTests(ConsoleSite site, BalancedTests.BalancedCluster cluster) : IClassFixture<BalancedTests.BalancedCluster>
{
    [BalancerFact]
    public async Task Any_gateway_answers_any_request_of_a_session()
    {
        await cluster.StartMissingAsync();
        await using var visit = await site.OpenAsync(address: cluster.Address);
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);

        // Pages, what runs and what is followed: of each kind, both have some.
        string[] kinds = ["GET /console/tasks", "GET /console/jobs/", "POST /console/api/tasks/", "GET /console/api/jobs/"];
        var run = 0;
        while (run < 3 || !kinds.All(cluster.BothHaveAnswered))
        {
            Assert.True(run < 40, cluster.Log);
            if (run % 2 == 1)
            {
                // The gateways take turns. If each run were of as many requests, one of them could get the same request of each.
                await page.GotoAsync("/console/jobs");
            }

            run++;
            await visit.RunAsync("hello", ("name", $"run {run}"));
            await Expect(page.Locator("#job-state")).ToHaveTextAsync("success");
            await Expect(page.Locator("#log")).ToContainTextAsync($"Greeting run {run}");
        }

        var job = page.Url;
        await page.GetByRole(AriaRole.Button, new() { Name = "Run again" }).ClickAsync();
        await Expect(page).Not.ToHaveURLAsync(job);
        await Expect(page.Locator("#job-answer")).ToContainTextAsync($"hello run {run}");

        await using var other = await site.OpenAsync(address: cluster.Address);
        await other.SignInAsync(ConsoleSite.Viewer, job);
        await Expect(other.Page.Locator("#log")).ToContainTextAsync($"Greeting run {run}");
        await Eventually.TrueAsync(() => cluster.BothHaveAnswered("GET /console/assets/"), "both gateways have answered for scripts and styles");
    }

    [BalancerFact]
    public async Task A_gateway_that_is_killed_while_a_log_is_watched_costs_no_line()
    {
        await cluster.StartMissingAsync();
        var task = await ConsoleSite.ImportAsync(cluster.Gateways[0].Http, "counting", $"""
            i=0
            until [ -e {cluster.Enough} ]; do
              i=$((i + 1))
              echo "line $i"
              sleep 0.05
            done
            echo "[$i]"
            """);
        await using var visit = await site.OpenAsync(address: cluster.Address);

        // What breaks off with the gateway.
        visit.Expect("net::ERR_INCOMPLETE_CHUNKED_ENCODING", "net::ERR_CONNECTION_RESET");
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        await visit.RunAsync(task);
        await page.EvaluateAsync("window.isTheSamePage = true");
        await Expect(page.Locator("#log")).ToContainTextAsync("line 20\n");

        var watched = await cluster.FindWatchedAsync();
        watched.Kill();
        var before = await LastLineAsync();
        await Eventually.TrueAsync(async () => await LastLineAsync() > before + 40, "the log goes on");
        await File.WriteAllTextAsync(cluster.Enough, "");
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("success");
        await Expect(page.Locator("#job-answer .code")).ToContainTextAsync("[");

        using var answer = JsonDocument.Parse((await page.Locator("#job-answer .code").TextContentAsync())!);
        var count = int.Parse(answer.RootElement[0].GetString()!, CultureInfo.InvariantCulture);
        await Expect(page.Locator("#log")).ToContainTextAsync($"[{count}]");
        var lines = await LinesAsync();
        Assert.Equal([.. Enumerable.Range(1, count).Select(number => $"line {number}"), $"[{count}]"], lines);
        Assert.True(await page.EvaluateAsync<bool>("window.isTheSamePage"));

        async Task<string[]> LinesAsync() => (await page.Locator("#log").TextContentAsync())!.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        async Task<int> LastLineAsync() => int.Parse((await LinesAsync())[^1].AsSpan("line ".Length), CultureInfo.InvariantCulture);
    }

    [BalancerFact]
    public async Task Axe_finds_nothing_in_the_pages_of_a_drain_and_of_a_cluster_that_does_not_answer()
    {
        await cluster.StartMissingAsync();
        var axe = new AxeCheck();
        await using var visit = await site.OpenAsync(address: cluster.Address);
        visit.Expect("503");
        var page = visit.Page;
        await visit.KeepPagesAsync();
        await visit.SignInAsync(ConsoleSite.Operator, "/console/cluster");
        await page.GetByText("Drain…").First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Drain it" })).ToBeVisibleAsync();
        await axe.CheckAsync(page, "a drain");

        await using var user = await site.OpenAsync(address: cluster.Address);
        user.Expect("503");
        await user.SignInAsync(ConsoleSite.User);
        await cluster.FreezeAsync(async () =>
        {
            await page.GotoAsync("/console/cluster");
            await Expect(page.Locator(".warning").First).ToBeVisibleAsync();
            await axe.CheckAsync(page, "a cluster with warnings");
            await user.Page.GotoAsync("/console/jobs");
            await Expect(user.Page.GetByRole(AriaRole.Heading)).ToHaveTextAsync("Service Unavailable");
            await axe.CheckAsync(user.Page, "a cluster that is away");
        });
        axe.AssertNothingFound();
    }

    /// <summary>The pictures of the cluster's pages.</summary>
    [PicturesFact]
    public async Task The_cluster_can_be_shown_in_pictures()
    {
        await cluster.StartMissingAsync();
        foreach (var (name, colours) in (IEnumerable<(string, ColorScheme)>)[("light", ColorScheme.Light), ("dark", ColorScheme.Dark)])
        {
            await using var visit = await site.OpenAsync(new() { ViewportSize = new() { Width = 1000, Height = 640 }, ColorScheme = colours }, cluster.Address);
            await visit.SignInAsync(ConsoleSite.Operator, "/console/cluster");
            var drain = visit.Page.GetByText("Drain…");
            await Expect(drain).ToHaveCountAsync(2);
            await visit.ShootAsync($"cluster-{name}");
            await drain.First.ClickAsync();
            await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("?");
            await visit.ShootAsync($"drain-{name}");
        }
    }

    /// <summary>A Redis, two silos, since the last one can't be drained, two gateways and nginx.</summary>
    public sealed class BalancedCluster : IAsyncLifetime
    {
        private readonly Processes _processes = new();
        private Balancer? _balancer;

        public Uri Address => _balancer!.Address;

        /// <summary>The file that ends the task that counts.</summary>
        public string Enough => Path.Combine(_processes.Folder, "enough");

        internal IReadOnlyList<Server> Gateways => _processes.Gateways;

        public async Task InitializeAsync()
        {
            if (BrowserFactAttribute.Path is not null && InstalledPrograms.Find("nginx") is not null)
            {
                await _processes.StartAsync();
                _balancer = await Balancer.StartAsync(Gateways[0].Address!, Gateways[1].Address!);
            }
        }

        public async Task DisposeAsync()
        {
            _balancer?.Dispose();
            await _processes.DisposeAsync();
        }

        /// <summary>Starts the gateway that another test has killed.</summary>
        internal Task StartMissingAsync() => Task.WhenAll(Gateways.Where(gateway => !gateway.IsUp).Select(gateway => gateway.StartAsync()));

        /// <summary>Does something while no silo answers, and waits until they do again. None is declared dead, since nobody is there to do so.</summary>
        internal async Task FreezeAsync(Func<Task> meanwhile)
        {
            foreach (var silo in _processes.Silos)
            {
                silo.Freeze();
            }

            try
            {
                await meanwhile();
            }
            finally
            {
                foreach (var silo in _processes.Silos)
                {
                    silo.Thaw();
                }
            }

            await Eventually.TrueAsync(
                async () => (await Task.WhenAll(Gateways.Select(IsAnsweredAsync))).All(isAnswered => isAnswered), "the silos answer both gateways again");

            static async Task<bool> IsAnsweredAsync(Server gateway)
            {
                using var response = await gateway.Http.GetAsync(new Uri($"/acme/job?access_token={ConsoleSite.User}", UriKind.Relative));
                return response.IsSuccessStatusCode;
            }
        }

        /// <summary>nginx' log, which says who has answered each request.</summary>
        internal string Log => _balancer!.Log;

        /// <summary>Whether each gateway has answered a request that begins so.</summary>
        internal bool BothHaveAnswered(string request) => Gateways.All(gateway => Log.Split('\n').Any(line =>
            line.Contains($"] {request}", StringComparison.Ordinal) && line.EndsWith($" {gateway.Address!.Authority}", StringComparison.Ordinal)));

        /// <summary>The gateway at which somebody follows a job.</summary>
        internal async Task<Server> FindWatchedAsync()
        {
            Server? watched = null;
            await Eventually.TrueAsync(
                async () =>
                {
                    foreach (var gateway in Gateways)
                    {
                        using var status = JsonDocument.Parse(await gateway.Http.GetStringAsync(new Uri("/api/status", UriKind.Relative)));
                        watched ??= status.RootElement.GetProperty("waiting").GetInt32() > 0 ? gateway : null;
                    }

                    return watched is not null;
                },
                "somebody follows a job");
            return watched!;
        }

        private sealed class Processes() : ProcessCluster(RedisPersistence.None)
        {
            private static readonly Dictionary<string, string> Variables = new() { ["DOTNET_gcServer"] = "0" };

            protected override IReadOnlyDictionary<string, string> Environment => Variables;

            public async Task StartAsync()
            {
                await Redis.StartAsync();
                await StartSilosAsync([AddSilo("silo"), AddSilo("another silo")]);

                // A port of its own, which it has again when it is started again.
                await StartGatewaysAsync(Enumerable.Range(1, 2).Select(number => AddGateway(
                    $"gateway {number}", [$"--urls=http://127.0.0.1:{FreePort.Next()}", $"--Cluster:Redis={Redis.Endpoint}", .. ConsoleSite.Settings])));
            }
        }
    }
}
