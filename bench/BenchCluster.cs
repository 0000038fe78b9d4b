using SyncCluster.Bench.Children;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>The servers of a benchmark, and the children of the benchmark that measure them.</summary>
internal sealed class BenchCluster : ProcessCluster
{
    /// <summary>Makes a silo like those that were started, of a number.</summary>
    private Func<int, Server>? _newSilo;

    private int _silosMade;

    private BenchCluster()
        : base(RedisPersistence.None)
    {
    }

    /// <inheritdoc/>
    protected override int KeptLines => 40;

    /// <summary>The build whose servers are started.</summary>
    public required Build Build { get; init; }

    /// <summary>Variables of every silo and gateway that is started from now on.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; set; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Environment => Variables;

    private string[] GatewayProgram => ["dotnet", Build.Output("Gateway", "dll")];

    private string Recipes => Path.Combine(Folder, "tasks");

    /// <summary>Starts Redis, and silos and gateways where there are to be any.</summary>
    /// <param name="silos">How many silos; without one, each gateway has a silo in its own process.</param>
    /// <param name="gateways">How many gateways.</param>
    /// <param name="siloSettings">Settings of every silo.</param>
    /// <param name="gatewaySettings">Settings of every gateway.</param>
    /// <param name="stop">Canceled by the user.</param>
    /// <param name="build">The build whose servers are started; null for this one.</param>
    public static async Task<BenchCluster> StartAsync(
        int silos, int gateways, string[] siloSettings, string[] gatewaySettings, CancellationToken stop, Build? build = null)
    {
        var cluster = new BenchCluster { Build = build ?? Build.This };
        try
        {
            await cluster.Redis.StartAsync(stop);
            if (silos + gateways > 0)
            {
                await cluster.AddAsync(silos, gateways, siloSettings, gatewaySettings, stop);
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The script of a task of <see cref="BenchTasks"/>.</summary>
    public string ScriptPath(string task) => DemoTask.ScriptPath(Recipes, task);

    /// <summary>Starts silos and gateways.</summary>
    public Task AddAsync(int silos, int gateways, string[] siloSettings, string[] gatewaySettings, CancellationToken stop) =>
        AddAsync(silos, gateways, ["dotnet", Build.Output("Silo", "dll")], siloSettings, GatewayProgram, gatewaySettings, stop);

    /// <summary>Starts gateways, and silos whose jobs are ended from outside by the completer that is returned.</summary>
    /// <param name="silos">How many silos.</param>
    /// <param name="gateways">How many gateways.</param>
    /// <param name="gatewaySettings">Settings of every gateway.</param>
    /// <param name="stop">Canceled by the user.</param>
    /// <param name="separate">A name to know no others by, and the Redis that they share; null for this cluster's own.</param>
    public Task<ChildServer> AddWithExternalExecutorAsync(
        int silos, int gateways, string[] gatewaySettings, CancellationToken stop, (string Name, string Redis)? separate = null) =>
        AddWithExternalExecutorAsync(silos, gateways, GatewayProgram, gatewaySettings, separate ?? (ClusterName, Redis.Endpoint), stop);

    /// <summary>The same, and the telemetry of the servers can be switched by a <see cref="TelemetrySwitch"/>.</summary>
    public Task<ChildServer> AddSwitchedAsync(int silos, int gateways, string[] gatewaySettings, CancellationToken stop) =>
        AddWithExternalExecutorAsync(
            silos, gateways, Build.ChildProgram(nameof(SwitchedGateway), "Gateway"), gatewaySettings, (ClusterName, Redis.Endpoint), stop);

    private async Task<ChildServer> AddWithExternalExecutorAsync(
        int silos, int gateways, string[] gatewayProgram, string[] gatewaySettings, (string Name, string Redis) own, CancellationToken stop)
    {
        var (name, redis) = own;
        string[] cluster = [$"--Cluster:Redis={redis}", $"--Cluster:Name={name}"];
        var completer = await StartChildAsync(nameof(JobCompleter), Build.ChildProgram(Build.Completer, null), [redis, name], stop);
        await AddAsync(
            silos,
            gateways,
            Build.ChildProgram(Build.Silo, "Silo"),
            [$"--{ExternalExecutor.Port}={completer.Address!.Port}", .. cluster],
            gatewayProgram,
            [.. gatewaySettings, .. cluster],
            stop);

        // It answers when it has found a silo.
        await completer.AskAsync("count", stop);
        return completer;
    }

    /// <summary>Starts one more silo like the others.</summary>
    public async Task<Server> JoinAsync(CancellationToken stop)
    {
        var silo = _newSilo!(++_silosMade);
        await JoinAsync(silo, stop);
        return silo;
    }

    /// <summary>Counts a silo no longer among those of the cluster, so that no more faults are made of it.</summary>
    public new void Forget(Server silo) => base.Forget(silo);

    /// <summary>Starts the process whose figures are the floor.</summary>
    public Task<ChildServer> StartFloorAsync(CancellationToken stop) => StartChildAsync(nameof(BareKestrel), Build.This.ChildProgram(nameof(BareKestrel), "Gateway"), [], stop);

    /// <summary>Starts clients in a process of their own.</summary>
    public Task<ChildServer> StartLoadAsync(CancellationToken stop) => StartChildAsync(nameof(LoadGenerator), Build.This.ChildProgram(nameof(LoadGenerator), null), [], stop);

    private async Task AddAsync(
        int silos, int gateways, string[] siloProgram, string[] siloSettings, string[] gatewayProgram, string[] gatewaySettings, CancellationToken stop)
    {
        Directory.CreateDirectory(Recipes);
        await BenchTasks.WriteAsync(Recipes, Folder);
        _newSilo = number => AddSilo($"silo {number}", siloProgram, siloSettings);
        await StartSilosAsync(Enumerable.Range(1, silos).Select(_newSilo), stop);
        _silosMade = silos;
        string[] settings = [$"--Cluster:Redis={(silos > 0 ? Redis.Endpoint : "")}", $"--Demo:Folder={Recipes}", .. gatewaySettings];
        await StartGatewaysAsync(Enumerable.Range(1, gateways).Select(number => AddGateway($"gateway {number}", gatewayProgram, settings)), stop);
    }

    private async Task<ChildServer> StartChildAsync(string kind, string[] program, string[] arguments, CancellationToken stop)
    {
        var child = Add(new ChildServer(Command(kind, [.. program, .. arguments]) with { Ready = ServerPrograms.Ready, KeptLines = KeptLines }, Reaper));
        await child.StartAsync(stop);
        return child;
    }
}
