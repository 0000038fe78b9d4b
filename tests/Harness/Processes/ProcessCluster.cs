using System.Text.Json;
using StackExchange.Redis;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Harness.Processes;

/// <summary>
/// Redis, silos and gateways as processes of their own, in a folder of their own. After disposal no process and no file of it is left.
/// </summary>
public abstract class ProcessCluster : IAsyncDisposable
{
    private const int Active = 3;
    private const int Dead = 6;

    private readonly List<Server> _servers = [];

    /// <param name="persistence">What Redis writes to its disk.</param>
    /// <param name="redisSettings">More settings of Redis, as its command line has them.</param>
    protected ProcessCluster(RedisPersistence persistence, params IEnumerable<string> redisSettings)
    {
        Reaper = new(Folder);
        Redis = AddRedis("Redis", persistence, redisSettings);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("synccluster-").FullName;

    public RedisServer Redis { get; }

    /// <summary>The hash in Redis that has the membership: a field for each silo, and <c>Version</c>.</summary>
    public string MembershipKey => RedisKeys.Members(ClusterName);

    public IReadOnlyList<Server> Silos { get; private set; } = [];

    /// <summary>Where calls are sent.</summary>
    public IReadOnlyList<Server> Gateways { get; private set; } = [];

    /// <summary>Kills everything that is started in the cluster, and removes its folder.</summary>
    protected ProcessReaper Reaper { get; }

    /// <summary>The <c>Cluster:Name</c> of the silos.</summary>
    protected virtual string ClusterName => RedisKeys.DefaultName;

    /// <summary>The <c>Cluster:Redis</c> of the silos.</summary>
    protected virtual string RedisSetting => Redis.Endpoint;

    /// <summary>Variables of every silo and gateway, and of other processes of the cluster but Redis.</summary>
    protected virtual IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>();

    /// <summary>How many lines are kept of every silo's and gateway's log.</summary>
    protected virtual int KeptLines => int.MaxValue;

    /// <summary>Waits until the membership names the silos that run, and no other.</summary>
    public Task SettledAsync() => Eventually.TrueAsync(
        async () =>
        {
            var members = await MembersAsync();
            return members.Values.All(active => active)
                && members.Keys.ToHashSet().SetEquals(RunningSilos.Where(silo => !silo.Process.HasExited && !silo.IsFrozen).Select(silo => silo.SiloAddress));
        },
        "the membership names the silos that run, and no other");

    /// <summary>Waits until the other silos have declared a silo dead.</summary>
    public Task DeclaredDeadAsync(Server silo) =>
        Eventually.TrueAsync(async () => !(await MembersAsync()).ContainsKey(silo.SiloAddress), $"{silo.Name} is declared dead");

    /// <summary>Waits until the membership no longer calls a silo active.</summary>
    public Task LeftAsync(Server silo) => Eventually.TrueAsync(
        async () => !(await MembersAsync()).GetValueOrDefault(silo.SiloAddress), $"{silo.Name} is no active member any more");

    /// <summary>Starts a process that ends with the cluster.</summary>
    public ServerProcess Start(string name, params IReadOnlyList<string> command) =>
        new(Command(name, command) with { Environment = Environment }, Reaper);

    public virtual async ValueTask DisposeAsync()
    {
        Reaper.Dispose();
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>The silos that should be in the membership while they run.</summary>
    protected virtual IEnumerable<Server> RunningSilos => Silos;

    /// <summary>A Redis that ends with the cluster, in a folder of its own.</summary>
    protected RedisServer AddRedis(string name, RedisPersistence persistence, params IEnumerable<string> settings) => Add(RedisServer.Create(
        name, Directory.CreateDirectory(Path.Combine(Folder, $"redis-{_servers.Count + 1}")).FullName, persistence, Reaper, settings));

    /// <summary>A silo that ends with the cluster.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="settings">Its settings, beside those for the cluster.</param>
    protected Server AddSilo(string name, params IEnumerable<string> settings) => AddSilo(name, ServerPrograms.Silo, settings);

    /// <inheritdoc cref="AddSilo(string, IEnumerable{string})"/>
    /// <param name="name">What it is called.</param>
    /// <param name="program">The program that stands in for the silo's own.</param>
    /// <param name="settings">Its settings, beside those for the cluster.</param>
    protected Server AddSilo(string name, IEnumerable<string> program, IEnumerable<string> settings) =>
        AddServer(
            name,
            [
                .. program, ServerPrograms.AnyPort, $"--Cluster:Redis={RedisSetting}", $"--Cluster:Name={ClusterName}",
                "--Cluster:SiloPort=0", "--Cluster:GatewayPort=0", .. settings,
            ]);

    /// <summary>A gateway that ends with the cluster.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="settings">Its settings, the Redis of the cluster included.</param>
    protected Server AddGateway(string name, params IEnumerable<string> settings) => AddGateway(name, ServerPrograms.Gateway, settings);

    /// <inheritdoc cref="AddGateway(string, IEnumerable{string})"/>
    /// <param name="name">What it is called.</param>
    /// <param name="program">The program that stands in for the gateway's own.</param>
    /// <param name="settings">Its settings, the Redis of the cluster included.</param>
    protected Server AddGateway(string name, IEnumerable<string> program, IEnumerable<string> settings) =>
        AddServer(name, [.. program, ServerPrograms.AnyPort, .. settings]);

    /// <summary>Lets a server end with the cluster.</summary>
    protected T Add<T>(T server)
        where T : Server
    {
        _servers.Add(server);
        return server;
    }

    /// <summary>A command of a process in the folder of the cluster.</summary>
    protected ServerCommand Command(string name, IReadOnlyList<string> command) => new() { Name = name, Command = command, Folder = Folder };

    protected async Task StartSilosAsync(IEnumerable<Server> silos, CancellationToken stop = default)
    {
        Silos = [.. silos];
        await Task.WhenAll(Silos.Select(silo => silo.StartAsync(stop)));
    }

    /// <summary>Starts one more silo.</summary>
    protected async Task JoinAsync(Server silo, CancellationToken stop = default)
    {
        await silo.StartAsync(stop);
        Silos = [.. Silos, silo];
    }

    /// <summary>Counts a silo no longer among those of the cluster. Whether it runs is up to the caller.</summary>
    protected void Forget(Server silo) => Silos = [.. Silos.Where(other => other != silo)];

    protected async Task StartGatewaysAsync(IEnumerable<Server> gateways, CancellationToken stop = default)
    {
        Gateways = [.. gateways];
        await Task.WhenAll(Gateways.Select(gateway => gateway.StartAsync(stop)));
    }

    private Server AddServer(string name, IReadOnlyList<string> command) =>
        Add(new Server(Command(name, command) with { Ready = ServerPrograms.Ready, Environment = Environment, KeptLines = KeptLines }, Reaper));

    /// <summary>The addresses of the silos that the membership does not call dead, and whether each is active.</summary>
    private async Task<IReadOnlyDictionary<string, bool>> MembersAsync()
    {
        var members = new Dictionary<string, bool>();
        foreach (var entry in await ReadMembershipAsync())
        {
            if (entry.Name != "Version")
            {
                using var silo = JsonDocument.Parse(entry.Value.ToString());
                var status = silo.RootElement.GetProperty("Status").GetInt32();
                if (status != Dead)
                {
                    members[entry.Name!] = status == Active;
                }
            }
        }

        return members;
    }

    /// <summary>The test's own connection to the master that has it, of several, may be there a little later than the servers'.</summary>
    private async Task<HashEntry[]> ReadMembershipAsync()
    {
        HashEntry[] entries = [];
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    entries = await Redis.Database.HashGetAllAsync(MembershipKey);
                    return true;
                }
                catch (RedisConnectionException)
                {
                    return false;
                }
            },
            "Redis is reached");
        return entries;
    }
}
