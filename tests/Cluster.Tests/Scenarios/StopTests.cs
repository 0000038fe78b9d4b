using System.Net;
using System.Text.RegularExpressions;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Cluster.Tests.Redis;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>
/// The last silos of a cluster stop while they run scripts, so that no silo can have the grains of the jobs. It takes real processes: SIGTERM, and the
/// exit of the process.
/// </summary>
public sealed partial class StopTests : IAsyncLifetime
{
    /// <summary>The host lets a stop take 45 s and more with these settings, and a silo that can't report an end took all of them.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(35);

    /// <summary>Scripts are killed soon.</summary>
    private static readonly string[] ShortDrain = ["--LocalExecutor:DrainTime=00:00:01", "--LocalExecutor:KillGrace=00:00:00.500"];

    /// <summary>Scripts end by themselves.</summary>
    private static readonly string[] LongDrain = ["--LocalExecutor:DrainTime=00:00:30", "--LocalExecutor:KillGrace=00:00:00.500"];

    private readonly DemoCluster _cluster = new();

    private string Gate => Path.Combine(_cluster.Folder, "gate");

    private string Runs => Path.Combine(_cluster.Folder, "runs");

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.SkipReason is null)
        {
            var trapped = $"trap '' TERM; echo run >> {Runs}; while [ ! -e {Gate} ]; do sleep 0.1; done; echo '[\"done\"]'";
            await new DemoTask("trapped") { Script = trapped }.WriteAsync(Directory.CreateDirectory(Path.Combine(_cluster.Folder, "tasks")).FullName);
            await new DemoTask("echo") { Arguments = ["text", "more"] }.WriteAsync(Path.Combine(_cluster.Folder, "tasks"));
            await _cluster.Redis.StartAsync();
        }
    }

    public Task DisposeAsync() => _cluster.DisposeAsync().AsTask();

    [ClusterFact]
    public async Task The_last_silo_stops_soon_after_it_has_killed_its_scripts_and_their_ends_are_kept()
    {
        var (silo, gateway) = (_cluster.NewSilo("silo", ShortDrain), NewGateway());
        await Task.WhenAll(silo.StartAsync(), gateway.StartAsync());
        var call = await CallAsync(gateway, 1);
        Assert.Equal(0, await silo.StopAsync().WaitAsync(Limit));
        AssertNoErrors(silo);
        await silo.StartAsync();
        Assert.Contains("The server was stopped while the script ran.", await BodyAsync(call[0], HttpStatusCode.InternalServerError), StringComparison.Ordinal);
        Assert.Single(await File.ReadAllLinesAsync(Runs));
    }

    [ClusterFact]
    public async Task A_script_that_ends_while_the_last_silo_stops_has_its_answer_kept()
    {
        var (silo, gateway) = (_cluster.NewSilo("silo", LongDrain), NewGateway());
        await Task.WhenAll(silo.StartAsync(), gateway.StartAsync());
        var call = await CallAsync(gateway, 1);
        silo.Terminate();
        await _cluster.LeftAsync(silo);
        await File.WriteAllTextAsync(Gate, "");
        Assert.Equal(0, await silo.Process.ExitAsync().WaitAsync(Limit));
        await silo.StartAsync();
        Assert.Equal("""["done"]""", await BodyAsync(call[0], HttpStatusCode.OK));
        Assert.Single(await File.ReadAllLinesAsync(Runs));
    }

    [ClusterFact]
    public async Task A_whole_cluster_that_stops_at_once_keeps_every_answer_and_logs_no_error()
    {
        Server[] silos = [.. Enumerable.Range(1, 3).Select(number => _cluster.NewSilo($"silo {number}", LongDrain))];
        var gateway = NewGateway();
        await Task.WhenAll(silos.Append(gateway).Select(server => server.StartAsync()));
        var calls = await CallAsync(gateway, 6);
        Server[] all = [.. silos, gateway];
        Array.ForEach(all, server => server.Terminate());
        await Task.WhenAll(silos.Select(_cluster.LeftAsync));
        await File.WriteAllTextAsync(Gate, "");
        Assert.All(await Task.WhenAll(all.Select(server => server.Process.ExitAsync())).WaitAsync(Limit), code => Assert.Equal(0, code));
        AssertNoErrors(all);

        var answers = await Task.WhenAll(calls);
        await Task.WhenAll(silos.Take(1).Append(gateway).Select(server => server.StartAsync()));
        foreach (var answer in answers.Where(answer => answer.StatusCode != HttpStatusCode.OK))
        {
            var (status, body) = await DemoCluster.SendAsync(gateway, HttpMethod.Get, answer.Headers.Location!.ToString());
            Assert.Equal((200, """["done"]"""), (status, body));
        }

        Assert.Equal(calls.Length, (await File.ReadAllLinesAsync(Runs)).Length);
    }

    [ClusterFact]
    public async Task Idle_servers_stop_without_an_error_in_their_logs()
    {
        var (silo, gateway, alone) = (_cluster.NewSilo("silo", ShortDrain), NewGateway(), NewServer());
        await Task.WhenAll(silo.StartAsync(), gateway.StartAsync(), alone.StartAsync());
        Assert.Equal(200, (await DemoCluster.EchoAsync(gateway, "x")).Status);
        Assert.Equal(200, (await DemoCluster.EchoAsync(alone, "x")).Status);
        foreach (var server in (Server[])[gateway, silo, alone])
        {
            Assert.Equal(0, await server.StopAsync().WaitAsync(Limit));
            AssertNoErrors(server);
        }
    }

    [ClusterFact]
    public async Task A_server_alone_stops_soon_although_no_one_waits_for_the_script_that_it_runs()
    {
        var server = NewServer();
        await server.StartAsync();
        using var disconnect = new CancellationTokenSource();
        var call = CallAsync(server, disconnect.Token);
        await Eventually.TrueAsync(() => File.Exists(Runs), "the script runs");
        await disconnect.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(0, await server.StopAsync().WaitAsync(Limit));
        AssertNoErrors(server);
    }

    [ClusterFact]
    public async Task A_server_alone_that_stops_answers_those_who_wait_and_logs_no_error()
    {
        var server = NewServer();
        await server.StartAsync();
        var call = await CallAsync(server, 1);
        Assert.Equal(0, await server.StopAsync().WaitAsync(Limit));
        Assert.Contains("The server was stopped while the script ran.", await BodyAsync(call[0], HttpStatusCode.InternalServerError), StringComparison.Ordinal);
        AssertNoErrors(server);
    }

    [ClusterFact]
    public async Task A_silo_drains_for_its_operator_unless_no_other_one_is_active()
    {
        string[] settings = [.. ShortDrain, $"--Operator:TokenSha256={OperatorConsole.TokenSha256}"];
        var (first, last) = (_cluster.NewSilo("silo 1", settings), _cluster.NewSilo("silo 2", settings));
        await Task.WhenAll(first.StartAsync(), last.StartAsync());

        // It may learn only now that the other one is active.
        await Eventually.TrueAsync(async () => await DrainAsync(first) == HttpStatusCode.Accepted, "the first silo begins to drain");
        Assert.Equal(0, await first.Process.ExitAsync().WaitAsync(Limit));
        AssertNoErrors(first);
        Assert.Equal(HttpStatusCode.Conflict, await DrainAsync(last));
        Assert.False(last.Process.HasExited);

        static async Task<HttpStatusCode> DrainAsync(Server silo)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/drain");
            request.Headers.Authorization = new("Bearer", OperatorConsole.Token);
            using var response = await silo.Http.SendAsync(request);
            return response.StatusCode;
        }
    }

    private static void AssertNoErrors(params IEnumerable<Server> servers) =>
        Assert.All(servers, server => Assert.Empty(server.Lines
            .Select(line => line.Text)
            .SkipWhile(line => !ErrorLevel().IsMatch(line))
            .Take(12)));

    private static async Task<string> BodyAsync(Task<HttpResponseMessage> call, HttpStatusCode status)
    {
        using var response = await call;
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, body);
        return body;
    }

    /// <summary>Calls the task, and waits until all its scripts run.</summary>
    private async Task<Task<HttpResponseMessage>[]> CallAsync(Server server, int calls)
    {
        Task<HttpResponseMessage>[] called = [.. Enumerable.Range(0, calls).Select(_ => CallAsync(server, CancellationToken.None))];
        await Eventually.TrueAsync(() => File.Exists(Runs) && File.ReadAllLines(Runs).Length == calls, "the scripts run");
        return called;
    }

    private static async Task<HttpResponseMessage> CallAsync(Server server, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/demo/task/trapped/job");
        request.Headers.Add("Authorization", "Bearer demo-token");
        return await server.Http.SendAsync(request, cancellation);
    }

    private Server NewGateway() => _cluster.NewGateway("gateway", "--Waiting:DrainTime=00:00:01", Tasks);

    /// <summary>A gateway that has a silo in its process.</summary>
    private Server NewServer() => _cluster.NewGateway("server", [.. ShortDrain, Tasks, "--Cluster:Redis="]);

    private string Tasks => $"--Demo:Folder={Path.Combine(_cluster.Folder, "tasks")}";

    [GeneratedRegex("^(fail|crit): ")]
    private static partial Regex ErrorLevel();
}
