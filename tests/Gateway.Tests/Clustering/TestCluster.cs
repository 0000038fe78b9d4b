using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>Three silos and two gateways, the real hosts, in this process: they talk over TCP, and to a Redis.</summary>
public class TestCluster : IAsyncLifetime
{
    public const string OperatorToken = "operator-token";

    private readonly RedisInProcess _redis = new();
    private readonly List<WebApplication> _silos = [];
    private readonly List<WebApplication> _gateways = [];
    private readonly List<HttpClient> _clients = [];
    private readonly string _name = $"test-{Guid.NewGuid():N}";

    public string Folder { get; } = Directory.CreateTempSubdirectory("synccluster-test-").FullName;

    internal IReadOnlyList<WebApplication> Silos => _silos;

    public async Task InitializeAsync()
    {
        for (var silo = 0; silo < 3; silo++)
        {
            await StartSiloAsync();
        }

        for (var gateway = 0; gateway < 2; gateway++)
        {
            var app = Program.Build([.. Settings, "--Demo:Folder=tasks"]);
            await app.StartAsync();
            _gateways.Add(app);
            _clients.Add(new HttpClient { BaseAddress = new Uri(app.Urls.Single()), Timeout = TimeSpan.FromMinutes(2) });
        }
    }

    public async Task DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        foreach (var app in _gateways.Concat(_silos))
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }

        _redis.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    internal Uri Gateway(int gateway) => _clients[gateway].BaseAddress!;

    internal WaiterHub Hub(int gateway) => _gateways[gateway].Services.GetRequiredService<WaiterHub>();

    internal async Task<WebApplication> StartSiloAsync()
    {
        var silo = SyncCluster.Silo.Program.Build([.. Settings, "--Cluster:SiloPort=0", "--Cluster:GatewayPort=0", "--LocalExecutor:Concurrency=4", "--LocalExecutor:DrainTime=00:00:01",
            $"--Operator:TokenSha256={Convert.ToHexStringLower(Secret.Hash(OperatorToken))}"], Replace);
        await silo.StartAsync();
        _silos.Add(silo);
        return silo;
    }

    /// <summary>As with SIGTERM.</summary>
    internal async Task StopSiloAsync(WebApplication silo)
    {
        _silos.Remove(silo);
        await silo.StopAsync();
        await silo.DisposeAsync();
    }

    /// <summary>The silo in whose memory a job's grain is; null for none.</summary>
    internal WebApplication? HolderOf(string jobId) => _silos.Find(
        silo => silo.Services.GetRequiredService<ActiveJobs>().Oldest(int.MaxValue).Any(job => job.JobId == jobId));

    /// <summary>Imports a script of a test as a task of the demonstration; its id.</summary>
    internal async Task<string> ImportAsync(string script, bool multitasking = true)
    {
        var recipe = $$$"""{"task":{"name":"a task","multitasking":{{{(multitasking ? "true" : "false")}}},"type":"script","script_runas":"sh %script%","timeout":60000},"file":{"filename":"s.sh","data":"{{{Convert.ToBase64String(Encoding.UTF8.GetBytes(script))}}}"}}""";
        var admin = _gateways[0].Services.GetRequiredService<DemoMode>().AdminToken;
        using var response = await SendAsync(0, HttpMethod.Post, $"/demo/task/import?access_token={admin}", recipe);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!["id"]!.GetValue<string>();
    }

    internal async Task<HttpResponseMessage> SendAsync(int gateway, HttpMethod method, string path, string? json = null, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        return await _clients[gateway].SendAsync(request, cancellation);
    }

    /// <summary>Calls a task; status and body.</summary>
    internal async Task<(int Status, string Body)> CallAsync(int gateway, string task, string json = "[]") =>
        await AnswerAsync(await SendAsync(gateway, HttpMethod.Post, $"/demo/task/{task}/job?access_token={DemoMode.UserToken}", json));

    /// <summary>Waits for a job; status and body.</summary>
    internal async Task<(int Status, string Body)> AttachAsync(int gateway, string jobId) =>
        await AnswerAsync(await SendAsync(gateway, HttpMethod.Get, $"/demo/job/{jobId}/result?access_token={DemoMode.UserToken}"));

    /// <summary>A task whose script notes its job's id in a file and then waits for another one; its answer is the id.</summary>
    internal Task<string> GatedTaskAsync(Gate gate, bool multitasking = true) => ImportAsync(
        $$"""
        exec 9> {{gate.Alone}}
        flock -n 9 || echo overlap >> {{gate.Overlaps}}
        id=$(printf '%s' "$THEEYE_JOB" | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
        echo "$id" >> {{gate.Started}}
        while [ ! -e {{gate.Opened}} ]; do sleep 0.05; done
        echo "[\"$id\"]"
        """,
        multitasking);

    internal Gate NewGate() => new(Path.Combine(Folder, Guid.NewGuid().ToString("N")));

    /// <summary>What stands in for a silo's services.</summary>
    protected virtual void Replace(IServiceCollection services)
    {
    }

    private string[] Settings =>
    [
        "--urls=http://127.0.0.1:0",
        "--Logging:LogLevel:Default=Error",
        "--Logging:LogLevel:SyncCluster=Error",
        "--Logging:LogLevel:Orleans=Error",
        $"--Cluster:Redis={_redis.Address}",
        $"--Cluster:Name={_name}",
    ];

    private static async Task<(int Status, string Body)> AnswerAsync(HttpResponseMessage response)
    {
        using (response)
        {
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }
    }
}

/// <summary>Where scripts of a test tell that they run, and wait.</summary>
internal sealed class Gate(string path)
{
    public string Started => $"{path}.started";

    /// <summary>Held by each script that runs.</summary>
    public string Alone => $"{path}.alone";

    /// <summary>Is there when two have run at once.</summary>
    public string Overlaps => $"{path}.overlaps";

    public string Opened => $"{path}.opened";

    public void Open() => File.WriteAllText(Opened, "");

    /// <summary>The ids of the jobs whose scripts have started, once for each start.</summary>
    public string[] Runs() => File.Exists(Started) ? File.ReadAllLines(Started) : [];

    public async Task<string> FirstRunAsync()
    {
        await Server.TestServer.UntilAsync(() => Runs().Length > 0);
        return Runs()[0];
    }
}
