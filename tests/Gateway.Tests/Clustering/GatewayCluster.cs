using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>Two gateways, the real hosts, in front of silos that run scripts. They talk over TCP, and to a Redis in this process.</summary>
public abstract class GatewayCluster : IAsyncLifetime
{
    private readonly RedisInProcess _redis = new();
    private readonly List<WebApplication> _gateways = [];
    private readonly List<HttpClient> _clients = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("synccluster-test-").FullName;

    /// <summary>How the cluster is found.</summary>
    protected IReadOnlyDictionary<string, string?> ClusterSettings => new Dictionary<string, string?>
    {
        ["Cluster:Redis"] = _redis.Address,
        ["Cluster:Name"] = Path.GetFileName(Folder),
    };

    /// <summary>Further settings of the gateways.</summary>
    protected virtual string[] GatewaySettings => [];

    /// <summary>How a silo listens and runs scripts.</summary>
    protected static IReadOnlyDictionary<string, string?> SiloSettings { get; } = new Dictionary<string, string?>
    {
        ["Cluster:SiloPort"] = "0",
        ["Cluster:GatewayPort"] = "0",
        ["LocalExecutor:Concurrency"] = $"{Workers}",
        ["LocalExecutor:DrainTime"] = "00:00:01",
    };

    /// <summary>Scripts that a silo runs at once.</summary>
    internal const int Workers = 4;

    public async Task InitializeAsync()
    {
        await StartSilosAsync();
        for (var gateway = 0; gateway < 2; gateway++)
        {
            var app = Program.Build([.. CommandLine(ClusterSettings), "--Demo:Folder=tasks", .. GatewaySettings]);
            await app.StartAsync();
            _gateways.Add(app);
            _clients.Add(new HttpClient { BaseAddress = new Uri(app.Urls.Single()), Timeout = TimeSpan.FromMinutes(2) });
        }
    }

    public async Task DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        foreach (var app in _gateways)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }

        await StopSilosAsync();
        _redis.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    internal Uri Gateway(int gateway) => _clients[gateway].BaseAddress!;

    internal IServiceProvider ServicesOf(int gateway) => _gateways[gateway].Services;

    internal WaiterHub Hub(int gateway) => ServicesOf(gateway).GetRequiredService<WaiterHub>();

    /// <summary>Imports a script of a test as a task of the demonstration; its id.</summary>
    internal async Task<string> ImportAsync(string script, bool multitasking = true, string name = "a task")
    {
        var task = await ManageAsync(0, HttpMethod.Post, "/demo/task/import", RecipeOf(script, multitasking, name));
        return JsonNode.Parse(task)!["id"]!.GetValue<string>();
    }

    /// <summary>Gives a task another script, at any gateway.</summary>
    internal Task UpdateAsync(int gateway, string task, string script) => UpdateWithAsync(gateway, task, RecipeOf(script));

    /// <summary>Replaces a task, at any gateway.</summary>
    internal Task UpdateWithAsync(int gateway, string task, string recipe) => ManageAsync(gateway, HttpMethod.Put, $"/demo/task/{task}", recipe);

    /// <summary>Deletes a task, at any gateway.</summary>
    internal Task DeleteAsync(int gateway, string task) => ManageAsync(gateway, HttpMethod.Delete, $"/demo/task/{task}");

    /// <summary>Sends a request again while the answer is that the cluster did not answer in time.</summary>
    private async Task<string> ManageAsync(int gateway, HttpMethod method, string path, string? json = null)
    {
        var admin = _gateways[gateway].Services.GetRequiredService<DemoMode>().AdminToken;
        var body = "";
        await Eventually.TrueAsync(
            async () =>
            {
                using var response = await SendAsync(gateway, method, $"{path}?access_token={admin}", json);
                body = await response.Content.ReadAsStringAsync();
                Assert.True(response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.ServiceUnavailable, body);
                return response.IsSuccessStatusCode;
            },
            "the cluster answers");
        return body;
    }

    internal async Task<HttpResponseMessage> SendAsync(
        int gateway, HttpMethod method, string path, string? json = null, CancellationToken cancellation = default)
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

    /// <summary>A task whose script notes its job's id in a file and then waits for another file; its answer is the id.</summary>
    internal Task<string> GatedTaskAsync(ScriptGate gate, bool multitasking = true) => ImportAsync(
        $$"""
        exec 9> {{gate.Alone}}
        flock -n 9 || echo overlap >> {{gate.Overlaps}}
        id=$(printf '%s' "$THEEYE_JOB" | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
        echo "$id" >> {{gate.Started}}
        while [ ! -e {{gate.Opened}} ]; do sleep 0.05; done
        echo "[\"$id\"]"
        """,
        multitasking);

    internal ScriptGate NewGate() => new(Path.Combine(Folder, Guid.NewGuid().ToString("N")));

    /// <summary>Starts three silos.</summary>
    protected abstract Task StartSilosAsync();

    protected abstract Task StopSilosAsync();

    /// <summary>Settings as arguments of a program that listens on a free port and logs errors only.</summary>
    protected static string[] CommandLine(IEnumerable<KeyValuePair<string, string?>> settings) =>
    [
        "--urls=http://127.0.0.1:0",
        "--Logging:LogLevel:Default=Error",
        "--Logging:LogLevel:SyncCluster=Error",
        "--Logging:LogLevel:Orleans=Error",
        .. settings.Select(setting => $"--{setting.Key}={setting.Value}"),
    ];

    private static string RecipeOf(string script, bool multitasking = true, string name = "a task")
    {
        var task = new { name, multitasking, type = "script", script_runas = "sh %script%", timeout = 60000 };
        return JsonSerializer.Serialize(new { task, file = new { filename = "s.sh", data = Encoding.UTF8.GetBytes(script) } });
    }

    private static async Task<(int Status, string Body)> AnswerAsync(HttpResponseMessage response)
    {
        using (response)
        {
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }
    }
}
