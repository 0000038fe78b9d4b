using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Tests.Logging;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Gateway.WebConsole;
using SyncCluster.Harness;
using SyncCluster.Hosting;
using SyncCluster.Overview;

namespace SyncCluster.Gateway.Tests.WebConsole;

/// <summary>The page of the cluster of a server in one process.</summary>
public sealed class ClusterPageTests(ClusterPageTests.Server server) : IClassFixture<ClusterPageTests.Server>, IDisposable
{
    private const string OperatorToken = "operator-token";
    private const string Markup = "<script>alert(1)</script>";

    private readonly Browser _browser = new(server.Http.BaseAddress!);

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task An_operator_sees_what_runs_what_waits_and_who_uses_what_and_an_administrator_the_own_customer()
    {
        var gate = Path.Combine(server.Folder, "gate");
        var task = (await server.ImportAsync($"while [ ! -e {gate} ]; do sleep 0.05; done; echo '[]'", task: new { name = $"gated {Markup}" }))["id"]!.ToString();
        await _browser.SignInAsync(TestServer.User);
        await _browser.OpenAsync("/console/tasks");
        for (var job = 0; job < 3; job++)
        {
            await _browser.PostAsync($"/console/api/tasks/{task}/job", "[]");
        }

        await _browser.SignInAsync(OperatorToken);
        Page page = null!;
        await Eventually.TrueAsync(
            async () => Regex.IsMatch((page = await _browser.OpenAsync("/console/cluster")).Html, "<td>1 of 1</td>\\s*<td>2</td>"),
            "one script runs, and two jobs wait");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Matches("<dt>gated &lt;script&gt;alert\\(1\\)&lt;/script&gt; of acme</dt>\\s*<dd>2</dd>", page.Html);
        Assert.DoesNotContain("<script>", page.Html, StringComparison.Ordinal);
        Assert.Contains("3 of 3", page.Html, StringComparison.Ordinal);
        Assert.Contains("acme has all the jobs that it may have", page.Html, StringComparison.Ordinal);
        Assert.Contains(", no limit", page.Html, StringComparison.Ordinal);
        Assert.Matches("<dt>File</dt>\\s*<dd><meter[^>]*></meter>\\s*[0-9.]+ [KM]iB of 1 GiB</dd>", page.Html);
        Assert.Contains("active", page.Html, StringComparison.Ordinal);
        Assert.Contains("this one", page.Html, StringComparison.Ordinal);

        using var stranger = new Browser(server.Http.BaseAddress!);
        await stranger.SignInAsync(TestServer.Stranger);
        Page strangers = null!;
        await Eventually.TrueAsync(
            async () => (strangers = await stranger.OpenAsync("/console/cluster")).Html
                .Contains("2 in all, none of your customer", StringComparison.Ordinal),
            "the silo has answered in time");
        Assert.Contains("globex", strangers.Html, StringComparison.Ordinal);
        Assert.All(["acme", "gated"], others => Assert.DoesNotContain(others, strangers.Html, StringComparison.Ordinal));
        await File.WriteAllTextAsync(gate, "");
    }

    [Fact]
    public void A_gateway_is_as_old_as_its_server_and_not_as_the_first_look_at_it() =>
        Assert.True(server.App.Services.GetRequiredService<GatewayState>().Report().StartedAt <= server.ReadyAt);

    [Fact]
    public async Task A_server_in_one_process_is_not_drained_and_says_why()
    {
        await _browser.SignInAsync(OperatorToken);
        var page = await _browser.OpenAsync("/console/cluster");
        Assert.Contains("This server is one process", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("cluster/drain", page.Html, StringComparison.Ordinal);
        var silo = server.App.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        var asked = await _browser.OpenAsync($"/console/cluster/drain?silo={Uri.EscapeDataString(silo.ToParsableString())}");
        var done = await _browser.SubmitAsync("/console/cluster/drain", ("silo", silo.ToParsableString()));
        Assert.All([asked, done], refused =>
        {
            Assert.Equal(HttpStatusCode.Conflict, refused.Status);
            Assert.Contains("Stop it with SIGTERM", refused.Html, StringComparison.Ordinal);
        });
        Assert.False(server.App.Lifetime.ApplicationStopping.IsCancellationRequested);
    }

    [Fact]
    public async Task Only_the_operator_drains_and_each_attempt_is_in_the_audit_log()
    {
        var log = CapturedLog.Of(server.App);
        await _browser.SignInAsync(TestServer.Admin);
        await _browser.OpenAsync("/console/cluster");
        var refused = await _browser.SubmitAsync("/console/cluster/drain", ("silo", "127.0.0.1:1@1"));
        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        Assert.Contains("operator", refused.Html, StringComparison.Ordinal);
        await _browser.SignInAsync(TestServer.User);
        Assert.Equal(HttpStatusCode.Forbidden, (await _browser.OpenAsync("/console/cluster")).Status);

        await _browser.SignInAsync(OperatorToken);
        await _browser.OpenAsync("/console/cluster");
        await _browser.SubmitAsync("/console/cluster/drain", ("silo", "127.0.0.1:1@1"));
        _browser.FormToken = null;
        Assert.Equal(HttpStatusCode.BadRequest, (await _browser.SubmitAsync("/console/cluster/drain", ("silo", "127.0.0.1:1@1"))).Status);
        await Eventually.TrueAsync(() => Audited().Length == 3, "all are in the audit log");
        Assert.Equal([(403, "token"), (409, "operator-token"), (400, "operator-token")], Audited());

        (int, string)[] Audited() =>
            [.. log.Events.Where(logged => logged.Category == "SyncCluster.Audit" && (string?)logged.Values["Action"] == "drain").Select(logged => ((int)logged.Values["Status"]!, (string)logged.Values["By"]!))];
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings =>
        [
            $"--Operator:TokenSha256={Convert.ToHexStringLower(Secret.Hash(OperatorToken))}",
            $"--Storage:Path={Path.Combine(Folder, "data")}",
            "--Logging:LogLevel:SyncCluster.Audit=Information",
            "--LocalExecutor:Concurrency=1",
            "--LocalExecutor:ReservedWorkers=0",
            "--Limits:Jobs:Customers:acme:Jobs=3",
        ];

        public DateTimeOffset ReadyAt { get; private set; }

        public override async Task InitializeAsync()
        {
            await base.InitializeAsync();
            ReadyAt = DateTimeOffset.UtcNow;
        }
    }
}

/// <summary>What the page of the cluster makes of the reports of silos and gateways.</summary>
public sealed class ClusterOverviewTests
{
    private static readonly GatewayReport Gateway = new() { Id = Guid.NewGuid(), Name = "here", Version = "1.0", Waiters = 7 };

    [Fact]
    public void Without_an_answer_it_shows_this_gateway_and_says_so()
    {
        var shown = ClusterOverview.Of(null, Gateway, isAlone: false, DateTimeOffset.UnixEpoch);
        Assert.Contains("No silo has answered", Assert.Single(shown.Warnings), StringComparison.Ordinal);
        Assert.Equal(("here", true, 7), (shown.Gateways[0].Name, shown.Gateways[0].IsThis, shown.Gateways[0].Waiters));
        Assert.Empty(shown.Silos);
    }

    [Fact]
    public void What_silos_have_is_added_and_what_they_share_is_not()
    {
        var shown = Of(
            Silo("a", Report(2, "task", jobs: 5, stored: 100)),
            Silo("b", Report(3, "task", jobs: 4, stored: 120)));
        Assert.Equal(5, shown.Waiting);
        Assert.Equal(("task", 5), (shown.Queues.Single().Task, shown.Queues.Single().Jobs));
        Assert.Equal(["9 of 10", "120 bytes of 1 KiB"], shown.Customers.Single().Uses.Select(use => use.Text));
        Assert.Equal(0.9, shown.Customers.Single().Uses[0].Share);
        Assert.Single(shown.Storage);
        Assert.Empty(shown.Warnings);
        Assert.Null(shown.NotDrained);
    }

    [Fact]
    public void A_silo_that_does_not_answer_is_shown_as_such_and_so_is_one_that_drains()
    {
        var stopping = Report(0, "task") with { IsStopping = true, Running = 1 };
        var shown = Of(Silo("a", null), Silo("b", stopping), Silo("c", Report(0, "task")), Silo("d", null, SiloStatus.ShuttingDown), Silo("e", null, SiloStatus.Joining));
        Assert.Equal(["no answer", "drains: 1 script left", "active", "drains", "no answer"], shown.Silos.Select(silo => silo.State));
        Assert.Equal([true, false, true, false, false], shown.Silos.Select(silo => silo.CanDrain));
        Assert.Equal("The silo a has not answered. If it is gone, the others take its jobs over within seconds.", Assert.Single(shown.Warnings));
    }

    [Fact]
    public void The_last_silo_that_takes_jobs_is_not_drained()
    {
        var stopping = Report(0, "task") with { IsStopping = true };
        Assert.NotNull(Of(Silo("a", Report(0, "task")), Silo("b", stopping)).NotDrained);
        Assert.Null(Of(Silo("a", Report(0, "task")), Silo("b", Report(0, "task"))).NotDrained);
    }

    [Fact]
    public void Clocks_versions_quotas_and_storage_that_need_a_look_are_warned_of_first()
    {
        var ahead = Report(0, "task", jobs: 10, stored: 2000) with
        {
            Version = "2.0",
            ClockOffset = TimeSpan.FromSeconds(-2.5),
            Storage = [new("Redis x", 95, 100, IsFull: true)],
        };
        Assert.Equal(
            [
                "Redis x is nearly full, or may evict what it holds: new jobs are refused, those of customers with much stored first.",
                "acme has all the jobs that it may have: its new calls are refused.",
                "acme has stored all that it may: its new calls are refused.",
                "The clock of the silo a is 2.5 s ahead: have it set by NTP.",
                "Servers of several versions run: 1.0, 2.0.",
            ],
            Of(Silo("a", ahead)).Warnings);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nope")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:x@y")]
    [InlineData("127.0.0.1:99999999999@1")]
    [InlineData("@")]
    [InlineData(":@")]
    public void What_is_no_silo_is_none(string text) => Assert.Null(ClusterOverview.AddressOf(text));

    private static SyncCluster.WebConsole.ShownCluster Of(params SiloEntry[] silos) =>
        ClusterOverview.Of(new(silos, [Gateway]), Gateway, isAlone: false, DateTimeOffset.UnixEpoch);

    private static SiloEntry Silo(string name, SiloReport? report, SiloStatus status = SiloStatus.Active) =>
        new(SiloAddress.New(IPAddress.Loopback, 1000 + name[0], 1), name, status, report);

    private static SiloReport Report(int waiting, string task, int jobs = 0, long stored = 0) => new()
    {
        Version = "1.0",
        Waiting = waiting,
        Queues = waiting == 0 ? [] : [new("acme", task, task, waiting)],
        Customers = jobs == 0 ? [] : [new("acme", jobs, 10, stored, 1024)],
        Storage = [new("Redis", 1, null, IsFull: false)],
    };
}
