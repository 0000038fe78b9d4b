using System.Text.Json;
using StackExchange.Redis;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Cluster.Tests.Processes;

/// <summary>A real Redis that has each write on disk before it acknowledges it.</summary>
internal sealed class RedisServer(string folder) : IAsyncDisposable
{
    private const int Active = 3;
    private const int Dead = 6;

    private readonly int _port = FreePort.Or(0);
    private ServerProcess? _process;
    private ConnectionMultiplexer? _connection;

    public string Endpoint => $"127.0.0.1:{_port}";

    public ServerProcess Process => _process!;

    private IDatabase Database => _connection!.GetDatabase();

    /// <summary>Starts it, or starts it anew on what it had stored.</summary>
    public async Task StartAsync()
    {
        _process?.Dispose();
        _process = new("redis-server",
        [
            "--port", $"{_port}", "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
        ]);
        await _process.LineAsync("Ready to accept connections");
        _connection ??= await ConnectionMultiplexer.ConnectAsync($"{Endpoint},abortConnect=false,allowAdmin=true");
    }

    public void Kill() => Process.Kill();

    /// <summary>SIGTERM, and the end of it.</summary>
    public async Task StopAsync()
    {
        Process.Signal("TERM");
        await Process.ExitAsync();
    }

    public void Freeze() => Process.Signal("STOP");

    public void Thaw() => Process.Signal("CONT");

    /// <summary>Has every write wait, while reads go on.</summary>
    public Task PauseWritesAsync() => Database.ExecuteAsync("CLIENT", "PAUSE", 60_000, "WRITE");

    public Task ResumeWritesAsync() => Database.ExecuteAsync("CLIENT", "UNPAUSE");

    /// <summary>Has it hold so many times what it holds now, and no more; 0 for as much as it may.</summary>
    public async Task LimitMemoryAsync(double times)
    {
        var server = _connection!.GetServers().Single();
        var used = (await server.InfoAsync("memory")).SelectMany(section => section).Single(fact => fact.Key == "used_memory").Value;
        await server.ConfigSetAsync("maxmemory", $"{(long)(times * long.Parse(used, null))}");
    }

    /// <summary>How many connections have a write that waits.</summary>
    public async Task<int> WaitingWritersAsync() => (await Database.ExecuteAsync("CLIENT", "LIST")).ToString()
        .Split('\n').Count(client => client.Split(' ').Any(word => word.StartsWith("flags=", StringComparison.Ordinal) && word.Contains('b', StringComparison.Ordinal)));

    /// <summary>How many calls with a key have a record of their job.</summary>
    public async Task<int> CallsAsync() => ((RedisResult[])(await Database.ExecuteAsync("KEYS", "*call/*"))!).Length;

    /// <summary>The addresses of the silos that the cluster counts as members, joining and leaving ones included.</summary>
    public async Task<IReadOnlyDictionary<string, bool>> MembersAsync()
    {
        var members = new Dictionary<string, bool>();
        foreach (var entry in await Database.HashGetAllAsync("synccluster/members/synccluster"))
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

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        _process?.Dispose();
    }
}
