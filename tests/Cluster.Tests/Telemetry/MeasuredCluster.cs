using System.Diagnostics;
using System.Text.RegularExpressions;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Cluster.Tests.Redis;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Telemetry;

/// <summary>
/// A silo for two scripts and two gateways, which have had a load of every kind, with what a Prometheus has read of the silo and of the gateway that is
/// still there.
/// </summary>
public sealed partial class MeasuredCluster : IAsyncLifetime
{
    /// <summary>Has the silo log it when a change of the index fails, which it counts as a failed write.</summary>
    private const string IndexLog = "--Logging:LogLevel:SyncCluster.Hosting.Clustering.RedisJobIndex=Debug";

    private readonly DemoCluster _cluster = new();
    private readonly TestAuthority _authority;
    private readonly HttpClient _scraper = new();
    private readonly Uri _siloMetrics = NewAddress();
    private readonly Uri _gatewayMetrics = NewAddress();

    public MeasuredCluster() => _authority = new(_cluster.Folder, "ours");

    /// <summary>Of the time with three calls that wait, two of which run.</summary>
    internal (PrometheusText Gateway, PrometheusText Silo) Busy { get; private set; }

    /// <summary>Of the silo, before Redis was away.</summary>
    internal PrometheusText Calm { get; private set; } = null!;

    /// <summary>After all.</summary>
    internal (PrometheusText Gateway, PrometheusText Silo) After { get; private set; }

    /// <summary>How long the three calls have waited at least.</summary>
    internal TimeSpan Held { get; private set; }

    /// <summary>How long the whole load has taken.</summary>
    internal TimeSpan Elapsed { get; private set; }

    /// <summary>The calls of the first gateway by how each was answered.</summary>
    internal List<int> Statuses { get; } = [];

    /// <summary>Those of them that were refused since the storage was nearly full.</summary>
    internal int StorageRefusals { get; private set; }

    /// <summary>Those of them that were answered that it is not known whether their job was started.</summary>
    internal int UnknownOutcomes { get; private set; }

    /// <summary>
    /// How many calls of the first gateway to the silo were not answered in time, and so repeated: each may have been carried out all the same. None,
    /// unless the machine is very busy.
    /// </summary>
    internal int UnansweredCalls { get; private set; }

    /// <summary>How many jobs the silo has taken over: those that it had stored too late. None, unless the machine is very busy.</summary>
    internal int TakenOver { get; private set; }

    /// <summary>Jobs whose script has run, and has ended well.</summary>
    internal int ScriptSuccesses { get; private set; }

    /// <summary>How many times the silo has logged that the storage has failed, and that a push has.</summary>
    internal (int Storage, int Push) LoggedFailures { get; private set; }

    /// <summary>Which tries have failed to push the end of the job whose gateway was killed, as the silo has logged them.</summary>
    internal string[] LostPushes { get; private set; } = [];

    private Server Silo { get; set; } = null!;

    private Server Gateway { get; set; } = null!;

    private string Tasks => Path.Combine(_cluster.Folder, "tasks");

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.SkipReason is not null)
        {
            return;
        }

        try
        {
            await StartAsync();
            await LoadAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _authority.Dispose();
        _scraper.Dispose();
    }

    private async Task StartAsync()
    {
        Directory.CreateDirectory(Tasks);
        DemoTask[] tasks =
        [
            new("quick") { Script = """echo '["1"]'""" },
            new("failing") { Script = """echo '{"state":"failure","data":["1"]}'""" },
            new("held") { Script = $$"""echo "$1" >> {{_cluster.Folder}}/runs; read -r _ < {{_cluster.Folder}}/"$1"; echo '["held"]'""", Arguments = ["latch"] },
            new("dummy"),
        ];
        await Task.WhenAll(tasks.Select(task => task.WriteAsync(Tasks)));
        await _cluster.Redis.StartAsync();
        Silo = _cluster.NewSilo("silo", ["--LocalExecutor:Concurrency=2", $"--Telemetry:Prometheus={_siloMetrics}", IndexLog, .. Tls("silo")]);
        await Silo.StartAsync();

        // It waits long for a job to exist, also for a call that then does not wait for the job's end.
        Gateway = NewGateway(
            "gateway", $"--Telemetry:Prometheus={_gatewayMetrics}", "--Waiting:AttachInterval=00:00:01", "--Waiting:Patience=00:00:10");
        await Gateway.StartAsync();
    }

    private async Task LoadAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        await WaitersAsync();
        await EndsAsync();
        Calm = await ScrapeAsync(_siloMetrics);
        await OutageAsync();
        await FullStorageAsync();
        await LostGatewayAsync();
        await Eventually.TrueAsync(async () => (await ScrapeAsync(_siloMetrics)).Sum("synccluster_jobs_held") == 0, "no job is left");
        After = (await ScrapeAsync(_gatewayMetrics), await ScrapeAsync(_siloMetrics));
        Elapsed = Stopwatch.GetElapsedTime(begun);
        UnansweredCalls = Gateway.Lines.Count(line => line.Text.Contains("failed and will be repeated", StringComparison.Ordinal));

        // That an earlier try has written is no failure of the storage: the exception is on the line after the message.
        string[] lines = [.. Silo.Lines.Select(line => line.Text)];
        var failures = lines.Zip(lines.Skip(1).Append(""))
            .Count(pair => StorageFailure().IsMatch(pair.First) && !pair.Second.Contains("InconsistentStateException", StringComparison.Ordinal));
        TakenOver = lines.Count(line => line.Contains("It is taken over.", StringComparison.Ordinal));
        var pushes = FailedPushes();
        LoggedFailures = (failures, pushes.Length);
        var lost = pushes.Last(push => push.Tries == "3").Job;
        LostPushes = [.. pushes.Where(push => push.Job == lost).Select(push => push.Tries)];
    }

    /// <summary>Three calls that wait, while one times out, one is left by its client, and one asks for a job that there is not.</summary>
    private async Task WaitersAsync()
    {
        using var latch = new ScriptLatch(_cluster.Folder);
        var calls = Enumerable.Range(0, 3).Select(_ => CallAsync("held", latch.Name)).ToArray();
        await Eventually.TrueAsync(
            async () => await ScrapeAsync(_siloMetrics) is var silo && silo.Sum("synccluster_scripts_running") == 2 && silo.Sum("synccluster_queue_length") == 1,
            "two scripts run and one waits");
        var since = Stopwatch.GetTimestamp();
        Busy = (await ScrapeAsync(_gatewayMetrics), await ScrapeAsync(_siloMetrics));

        Assert.Equal(504, await CallAsync("held", latch.Name, prefer: "wait=0"));
        using var leaves = new CancellationTokenSource();
        var left = SendAsync(Gateway, "held", latch.Name, cancellation: leaves.Token);
        await Eventually.TrueAsync(async () => (await ScrapeAsync(_gatewayMetrics)).Sum("synccluster_waiters") == 4, "a fourth call waits");
        await Eventually.TrueAsync(async () => (await ScrapeAsync(_siloMetrics)).Sum("synccluster_jobs_submitted_total") == 5, "all five jobs exist");
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        await Eventually.TrueAsync(async () => (await ScrapeAsync(_gatewayMetrics)).Sum("synccluster_waiters") == 3, "three calls wait");
        Assert.Equal(404, (await DemoCluster.SendAsync(Gateway, HttpMethod.Get, "/demo/job/0123456789abcdef01234567/result")).Status);

        latch.Open();
        Held = Stopwatch.GetElapsedTime(since);
        Assert.All(await Task.WhenAll(calls), status => Assert.Equal(200, status));
        ScriptSuccesses += 5;
        await Eventually.TrueAsync(async () => (await ScrapeAsync(_siloMetrics)).Sum("synccluster_jobs_held") == 0, "no job is left");
    }

    private async Task EndsAsync()
    {
        for (var call = 0; call < 4; call++)
        {
            Assert.Equal(200, await CallAsync("quick"));
            ScriptSuccesses++;
        }

        Assert.Equal((500, 500, 200), (await CallAsync("failing"), await CallAsync("failing"), await CallAsync("dummy")));
    }

    /// <summary>Redis is away while a call comes, and while a script ends.</summary>
    private async Task OutageAsync()
    {
        using var latch = new ScriptLatch(_cluster.Folder);
        var held = CallAsync("held", latch.Name);
        await RunsAsync(latch);
        await _cluster.Redis.StopAsync();
        Assert.Equal(503, await CallAsync("quick"));
        latch.Open();
        await Eventually.TrueAsync(
            async () => (await ScrapeAsync(_siloMetrics)).Sum("synccluster_storage_failures_total", "operation=\"write\"") > 0, "a write has failed");
        await _cluster.Redis.StartAsync();
        Assert.Equal(200, await held);
        ScriptSuccesses++;
        await Eventually.TrueAsync(async () => await CallAsync("dummy") == 200, "calls are answered again");
    }

    /// <summary>Calls until the storage is full for one, and then until it no longer is.</summary>
    private async Task FullStorageAsync()
    {
        await _cluster.Redis.LimitMemoryAsync(1.0);
        await Eventually.TrueAsync(async () => await CallAsync("dummy") == 503 && StorageRefusals > 0, "a call is refused since the storage is full");
        await _cluster.Redis.LimitMemoryAsync(0);
        await Eventually.TrueAsync(async () => await CallAsync("dummy") == 200, "calls are answered again");
    }

    /// <summary>A gateway is killed while a call waits there, whose script then ends.</summary>
    private async Task LostGatewayAsync()
    {
        using var latch = new ScriptLatch(_cluster.Folder);
        var other = NewGateway("lost gateway");
        await other.StartAsync();
        var lost = SendAsync(other, "held", latch.Name);
        await RunsAsync(latch);
        other.Kill();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => lost);
        latch.Open();
        ScriptSuccesses++;
        await Eventually.TrueAsync(() => FailedPushes().Any(push => push.Tries == "3"), "the push was tried three times");
    }

    private Server NewGateway(string name, params string[] settings) => _cluster.NewGateway(name, [$"--Demo:Folder={Tasks}", .. settings, .. Tls(name)]);

    private string[] Tls(string name) => [$"--Cluster:Tls:Certificate={_authority.Sign(name).File}", $"--Cluster:Tls:Authority={_authority.File}"];

    private Task RunsAsync(ScriptLatch latch) => Eventually.TrueAsync(
        () => File.ReadAllLines(Path.Combine(_cluster.Folder, "runs")).Contains(latch.Name), "the script runs");

    private async Task<int> CallAsync(string task, string? argument = null, string? prefer = null) =>
        Count(await SendAsync(Gateway, task, argument, prefer));

    private int Count((int Status, string Body) answer)
    {
        lock (Statuses)
        {
            Statuses.Add(answer.Status);
            StorageRefusals += answer.Body.Contains("The storage is nearly full", StringComparison.Ordinal) ? 1 : 0;
            UnknownOutcomes += answer.Body.Contains("it is not known whether the job was started", StringComparison.Ordinal) ? 1 : 0;
        }

        return answer.Status;
    }

    private (string Job, string Tries)[] FailedPushes() =>
    [
        .. Silo.Lines.Select(line => PushFailure().Match(line.Text)).Where(push => push.Success)
            .Select(push => (push.Groups["job"].Value, push.Groups["tries"].Value)),
    ];

    private static async Task<(int Status, string Body)> SendAsync(
        Server gateway, string task, string? argument = null, string? prefer = null, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/demo/task/{task}/job");
        request.Headers.Add("Authorization", "Bearer demo-token");
        if (prefer is not null)
        {
            request.Headers.Add("Prefer", prefer);
        }

        request.Content = new StringContent(argument is null ? "[]" : $"""["{argument}"]""", null, "application/json");
        using var response = await gateway.Http.SendAsync(request, cancellation);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellation));
    }

    private async Task<PrometheusText> ScrapeAsync(Uri address) => new(await _scraper.GetStringAsync(address));

    private static Uri NewAddress() => new($"http://127.0.0.1:{FreePort.Next()}/metrics");

    [GeneratedRegex("(Reading|Writing) the (record|queue) of .* failed|The record of .* was not created|The entry of .* could not be written|entries of .* could not be changed")]
    private static partial Regex StorageFailure();

    [GeneratedRegex("completion of (?<job>[^,]+), .* to a gateway has failed (?<tries>[123]) times")]
    private static partial Regex PushFailure();
}
