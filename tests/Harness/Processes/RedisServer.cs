using StackExchange.Redis;

namespace SyncCluster.Harness.Processes;

/// <summary>What a Redis has on its disk.</summary>
public enum RedisPersistence
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Every write, before it is acknowledged.</summary>
    EveryWrite,
}

/// <summary>A real redis-server. Started again, it has what it had on its disk, and the same port.</summary>
public sealed class RedisServer : Server
{
    /// <summary>After a restart commands wait until the connection is back, which may take longer than the library's own 5 s.</summary>
    private const string Patience = "asyncTimeout=60000,syncTimeout=60000";

    private ConnectionMultiplexer? _connection;

    private RedisServer(ServerCommand command, ProcessReaper reaper, int port)
        : base(command, reaper) => Port = port;

    public int Port { get; }

    public string Endpoint => $"127.0.0.1:{Port}";

    public IDatabase Database => Connection.GetDatabase();

    public string Version => RedisApi.Version.ToString();

    private ConnectionMultiplexer Connection => _connection ?? throw new InvalidOperationException($"{Name} has not been started.");

    private IServer RedisApi => Connection.GetServer(Endpoint);

    /// <param name="name">What it is called in messages and figures.</param>
    /// <param name="folder">Where it has its files.</param>
    /// <param name="persistence">What it writes there.</param>
    /// <param name="reaper">Kills it when this process ends.</param>
    /// <param name="settings">More settings, as its command line has them.</param>
    public static RedisServer Create(
        string name, string folder, RedisPersistence persistence, ProcessReaper reaper, params IEnumerable<string> settings)
    {
        var port = FreePort.Next();
        var command = new ServerCommand
        {
            Name = name,
            Ready = "Ready to accept connections",
            Folder = folder,
            Command =
            [
                "redis-server", "--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder, "--save", "",
                .. persistence == RedisPersistence.None ? ["--appendonly", "no"] : (string[])["--appendonly", "yes", "--appendfsync", "always"],
                .. settings,
            ],
        };
        return new(command, reaper, port);
    }

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken stop = default)
    {
        await base.StartAsync(stop);
        _connection ??= await ConnectionMultiplexer.ConnectAsync($"{Endpoint},abortConnect=false,allowAdmin=true,{Patience}");
    }

    /// <summary>Delays every write until <see cref="ResumeWritesAsync"/>; reads are served.</summary>
    public Task PauseWritesAsync() => Database.ExecuteAsync("CLIENT", "PAUSE", 60_000, "WRITE");

    public Task ResumeWritesAsync() => Database.ExecuteAsync("CLIENT", "UNPAUSE");

    /// <summary>Sets <c>maxmemory</c> to a multiple of what is used now; 0: no limit.</summary>
    public async Task LimitMemoryAsync(double times)
    {
        var used = (await RedisApi.InfoAsync("memory")).SelectMany(section => section).Single(fact => fact.Key == "used_memory").Value;
        await RedisApi.ConfigSetAsync("maxmemory", $"{(long)(times * long.Parse(used, null))}");
    }

    /// <summary>Makes it a replica of another one, and waits until it has all that the other one has.</summary>
    public async Task FollowAsync(RedisServer primary)
    {
        await RedisApi.ExecuteAsync("REPLICAOF", "127.0.0.1", $"{primary.Port}");
        await Eventually.TrueAsync(async () => (await ReplicationAsync())["master_link_status"] == "up", $"{Name} follows {primary.Name}");
    }

    /// <summary>Has its replica take its place, as planned: it loses nothing and follows the replica then.</summary>
    public async Task SwitchOverAsync()
    {
        await RedisApi.ExecuteAsync("FAILOVER");
        await Eventually.TrueAsync(async () => (await ReplicationAsync())["role"] == "slave", $"{Name} is a replica");
    }

    /// <summary>From now on new connections need a password.</summary>
    public Task RequirePasswordAsync(string password) => RedisApi.ConfigSetAsync("requirepass", password);

    /// <summary>Makes a user, who may do what the rules of <c>ACL SETUSER</c> say.</summary>
    public Task SetUserAsync(string name, string password, string rules) =>
        RedisApi.ExecuteAsync("ACL", ["SETUSER", name, "reset", "on", $">{password}", .. rules.Split(' ')]);

    /// <summary>Listens on another port, with TLS.</summary>
    /// <param name="certificate">The file of its certificate and key.</param>
    /// <param name="authority">The file of the authority's certificate. Clients need none.</param>
    /// <returns>The port.</returns>
    public async Task<int> ListenWithTlsAsync(string certificate, string authority)
    {
        var port = FreePort.Next();
        string[] files = ["tls-cert-file", certificate, "tls-key-file", certificate, "tls-ca-cert-file", authority];
        await RedisApi.ExecuteAsync("CONFIG", ["SET", .. files, "tls-auth-clients", "no", "tls-port", $"{port}"]);
        return port;
    }

    /// <summary>Sends a command to this server, whatever else belongs to its Redis Cluster.</summary>
    public Task<RedisResult> ExecuteAsync(string command, params object[] arguments) => RedisApi.ExecuteAsync(command, arguments);

    /// <summary>Closes the connections of all others.</summary>
    public Task DisconnectOthersAsync() => RedisApi.ExecuteAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");

    /// <summary>Sets <c>maxmemory-policy</c>.</summary>
    public Task SetEvictionAsync(string policy) => RedisApi.ConfigSetAsync("maxmemory-policy", policy);

    /// <summary>Deletes everything that it has, on its disk too.</summary>
    public Task EmptyAsync() => RedisApi.FlushAllDatabasesAsync();

    /// <summary>How many connections have a write that is delayed.</summary>
    public async Task<int> DelayedWritersAsync() => (await Database.ExecuteAsync("CLIENT", "LIST")).ToString()
        .Split('\n').Count(client => client.Split(' ').Any(word => word.StartsWith("flags=", StringComparison.Ordinal) && word.Contains('b', StringComparison.Ordinal)));

    /// <summary>How many keys it has.</summary>
    public Task<long> CountKeysAsync() => RedisApi.DatabaseSizeAsync();

    /// <summary>How many keys match a pattern.</summary>
    public async Task<int> CountKeysAsync(string pattern) => (await FindKeysAsync(pattern)).Length;

    /// <summary>The keys that match a pattern.</summary>
    public async Task<string[]> FindKeysAsync(string pattern) => (string[])(await RedisApi.ExecuteAsync("KEYS", pattern))!;

    private async Task<Dictionary<string, string>> ReplicationAsync() =>
        (await RedisApi.InfoAsync("replication")).SelectMany(section => section).ToDictionary(fact => fact.Key, fact => fact.Value);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        await base.DisposeAsync();
    }
}
