using StackExchange.Redis;
using SyncCluster.Silo.Clustering;

namespace SyncCluster.Bench;

/// <summary>Redis, silos and gateways as processes of their own, in a folder of their own. Disposed of, nothing of them is left.</summary>
internal sealed class Servers : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-bench-").FullName;
    private readonly Undertaker _undertaker;
    private ConnectionMultiplexer? _connection;

    private Servers() => _undertaker = new(_folder);

    public Server Redis { get; private set; } = null!;

    public IReadOnlyList<Server> Silos { get; private set; } = [];

    public IReadOnlyList<Server> Gateways { get; private set; } = [];

    public IEnumerable<Server> All => [Redis, .. Silos, .. Gateways];

    public string RedisPort { get; private set; } = "";

    /// <summary>The file of a task of <see cref="BenchTasks"/>.</summary>
    public string ScriptOf(string task) => Path.Combine(Recipes, $"{task}.sh");

    public string RedisVersion => RedisServer.Version.ToString();

    private string Recipes => Path.Combine(_folder, "tasks");

    private IServer RedisServer => _connection!.GetServers().Single();

    /// <param name="silos">How many.</param>
    /// <param name="gateways">How many.</param>
    /// <param name="siloSettings">For every silo.</param>
    /// <param name="gatewaySettings">For every gateway.</param>
    /// <param name="stop">Canceled when the user has had enough.</param>
    public static async Task<Servers> StartAsync(int silos, int gateways, string[] siloSettings, string[] gatewaySettings, CancellationToken stop)
    {
        var servers = new Servers();
        try
        {
            await servers.StartRedisAsync(stop);
            if (silos + gateways > 0)
            {
                await servers.AddAsync(silos, gateways, siloSettings, gatewaySettings, stop);
            }

            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    /// <summary>How many records Redis has: one a job, and a few that do not change.</summary>
    public Task<long> RecordsAsync() => RedisServer.DatabaseSizeAsync();

    /// <summary>Whatever else is to end with them.</summary>
    public Server Start(string name, string ready, string[] command)
    {
        var server = new Server(name, ready, command, _folder);
        _undertaker.Watch(server.Id);
        return server;
    }

    /// <summary>Starts silos and gateways; without silos, a gateway has one of its own in its process.</summary>
    public async Task AddAsync(int silos, int gateways, string[] siloSettings, string[] gatewaySettings, CancellationToken stop)
    {
        var redis = $"127.0.0.1:{RedisPort}";
        Directory.CreateDirectory(Recipes);
        await BenchTasks.WriteAsync(Recipes, _folder);
        Silos = [.. Enumerable.Range(1, silos).Select(number => Start($"silo {number}", " is ready",
            [.. Program("Silo"), $"--Cluster:Redis={redis}", "--Cluster:SiloPort=0", "--Cluster:GatewayPort=0", .. siloSettings]))];
        await Task.WhenAll(Silos.Select(silo => silo.ReadyAsync(stop)));
        Gateways = [.. Enumerable.Range(1, gateways).Select(number => Start($"gateway {number}", " is ready",
            [.. Program("Gateway"), $"--Cluster:Redis={(silos > 0 ? redis : "")}", $"--Demo:Folder={Recipes}", .. gatewaySettings]))];
        await Task.WhenAll(Gateways.Select(gateway => gateway.ReadyAsync(stop)));
    }

    public async ValueTask DisposeAsync()
    {
        _undertaker.Dispose();
        foreach (var server in All.Where(server => server is not null))
        {
            server.Dispose();
        }

        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
    }

    private async Task StartRedisAsync(CancellationToken stop)
    {
        RedisPort = $"{FreePort.Or(0)}";
        Redis = Start("Redis", "Ready to accept connections",
            ["redis-server", "--bind", "127.0.0.1", "--port", RedisPort, "--dir", _folder, "--save", "", "--appendonly", "no"]);
        await Redis.ReadyAsync(stop);
        _connection = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{RedisPort}");
    }

    private static string[] Program(string name) => ["dotnet", Path.Combine(AppContext.BaseDirectory, $"SyncCluster.{name}.dll"), "--urls=http://127.0.0.1:0"];
}
