using StackExchange.Redis;
using SyncCluster.Bench.Children;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Bench;

/// <summary>Redis, silos and gateways as processes of their own, in a folder of their own. Disposed of, nothing of them is left.</summary>
internal sealed class Servers : IAsyncDisposable
{
    private const string Url = "--urls=http://127.0.0.1:0";

    private readonly Lock _restarting = new();
    private readonly ProcessReaper _undertaker;
    private readonly List<Server> _started = [];
    private ConnectionMultiplexer? _connection;

    private Servers() => _undertaker = new(Folder);

    public string Folder { get; } = Directory.CreateTempSubdirectory("synccluster-bench-").FullName;

    public Server Redis { get; private set; } = null!;

    public IReadOnlyList<Server> Silos { get; private set; } = [];

    public IReadOnlyList<Server> Gateways { get; private set; } = [];

    public IEnumerable<Server> All => [Redis, .. Silos, .. Gateways];

    public string RedisPort { get; private set; } = "";

    public string RedisAddress => $"127.0.0.1:{RedisPort}";

    /// <summary>The file of a task of <see cref="BenchTasks"/>.</summary>
    public string ScriptOf(string task) => Path.Combine(Recipes, $"{task}.sh");

    public string RedisVersion => RedisServer.Version.ToString();

    private string Recipes => Path.Combine(Folder, "tasks");

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
        var server = new Server(name, ready, command, Folder);
        _undertaker.Watch(server.Id);
        _started.Add(server);
        return server;
    }

    /// <summary>Starts silos and gateways; without silos, a gateway has one of its own in its process.</summary>
    public Task AddAsync(int silos, int gateways, string[] siloSettings, string[] gatewaySettings, CancellationToken stop) =>
        AddAsync(silos, gateways, Program("Silo"), siloSettings, gatewaySettings, stop);

    /// <summary>Starts silos whose jobs are ended from outside, by the completer that is returned, and gateways.</summary>
    public async Task<Server> AddOutsideAsync(int silos, int gateways, string[] gatewaySettings, CancellationToken stop)
    {
        var completer = await StartChildAsync(nameof(Completer), null, [RedisAddress], stop);
        await AddAsync(
            silos, gateways, [.. ChildProgram(nameof(OutsideSilo), "Silo"), Url], [$"--{OutsideExecutor.Port}={completer.Address!.Port}"], gatewaySettings, stop);

        // It answers when it has found a silo.
        await completer.AskAsync("count", stop);
        return completer;
    }

    /// <summary>Starts what the figures stand beside.</summary>
    public Task<Server> StartFloorAsync(CancellationToken stop) => StartChildAsync(nameof(Floor), "Gateway", [], stop);

    /// <summary>Starts clients in a process of their own.</summary>
    public Task<Server> StartLoadAsync(CancellationToken stop) => StartChildAsync(nameof(LoadGenerator), null, [], stop);

    /// <summary>Starts a silo or a gateway anew that has ended; it will listen elsewhere.</summary>
    public Server Restart(Server ended)
    {
        _undertaker.Forget(ended.Id);
        var server = ended.Again();
        _undertaker.Watch(server.Id);
        lock (_restarting)
        {
            _started.Remove(ended);
            _started.Add(server);
            Silos = [.. Silos.Select(Replaced)];
            Gateways = [.. Gateways.Select(Replaced)];
        }

        ended.Dispose();
        return server;

        Server Replaced(Server one) => one == ended ? server : one;
    }

    public async ValueTask DisposeAsync()
    {
        _undertaker.Dispose();
        _started.ForEach(server => server.Dispose());

        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
    }

    private async Task StartRedisAsync(CancellationToken stop)
    {
        RedisPort = $"{FreePort.Or(0)}";
        Redis = Start("Redis", "Ready to accept connections",
            ["redis-server", "--bind", "127.0.0.1", "--port", RedisPort, "--dir", Folder, "--save", "", "--appendonly", "no"]);
        await Redis.ReadyAsync(stop);
        _connection = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{RedisPort}");
    }

    private async Task AddAsync(int silos, int gateways, string[] siloProgram, string[] siloSettings, string[] gatewaySettings, CancellationToken stop)
    {
        Directory.CreateDirectory(Recipes);
        await BenchTasks.WriteAsync(Recipes, Folder);
        Silos = [.. Enumerable.Range(1, silos).Select(number => Start($"silo {number}", Child.Ready,
            [.. siloProgram, $"--Cluster:Redis={RedisAddress}", "--Cluster:SiloPort=0", "--Cluster:GatewayPort=0", .. siloSettings]))];
        await Task.WhenAll(Silos.Select(silo => silo.ReadyAsync(stop)));
        Gateways = [.. Enumerable.Range(1, gateways).Select(number => Start($"gateway {number}", Child.Ready,
            [.. Program("Gateway"), $"--Cluster:Redis={(silos > 0 ? RedisAddress : "")}", $"--Demo:Folder={Recipes}", .. gatewaySettings]))];
        await Task.WhenAll(Gateways.Select(gateway => gateway.ReadyAsync(stop)));
    }

    private async Task<Server> StartChildAsync(string kind, string? like, string[] arguments, CancellationToken stop)
    {
        var child = Start(kind, Child.Ready, [.. ChildProgram(kind, like), .. arguments]);
        await child.ReadyAsync(stop);
        return child;
    }

    private static string[] Program(string name) => ["dotnet", Output(name, "dll"), Url];

    /// <param name="kind">The child.</param>
    /// <param name="like">The server in whose place it stands, whose settings of the runtime it gets; null for its own.</param>
    private static string[] ChildProgram(string kind, string? like) =>
        ["dotnet", "exec", "--runtimeconfig", Output(like ?? "Bench", "runtimeconfig.json"), Output("Bench", "dll"), nameof(Child), kind];

    private static string Output(string name, string kind) => Path.Combine(AppContext.BaseDirectory, $"SyncCluster.{name}.{kind}");
}
