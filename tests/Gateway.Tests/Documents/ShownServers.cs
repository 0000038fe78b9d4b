using SyncCluster.Gateway.Tests.Clustering;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Documents;

/// <summary>The servers that the documents' commands are sent to, each started when the first document needs it.</summary>
public sealed class ShownServers : IAsyncLifetime
{
    private readonly List<IAsyncLifetime> _started = [];
    private readonly Dictionary<string, Task<ShownServer>> _servers = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var server in _started)
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>The server that a document's reader has started by then.</summary>
    internal Task<ShownServer> OfAsync(string document)
    {
        var kind = document switch
        {
            "docs/theeye.md" => nameof(StartFrontOfTheEyeAsync),
            "docs/cluster.md" or "docs/operations.md" => nameof(StartClusterAsync),
            _ => nameof(StartDemonstrationAsync),
        };
        if (!_servers.TryGetValue(kind, out var server))
        {
            _servers[kind] = server = kind switch
            {
                nameof(StartFrontOfTheEyeAsync) => StartFrontOfTheEyeAsync(),
                nameof(StartClusterAsync) => StartClusterAsync(),
                _ => StartDemonstrationAsync(),
            };
        }

        return server;
    }

    private async Task<ShownServer> StartDemonstrationAsync()
    {
        var server = await StartAsync(new Demonstration());
        return new(
            new() { ["http://127.0.0.1:6090"] = server.Http.BaseAddress! },
            new() { ["ADMIN_TOKEN"] = server.Demo.AdminToken });
    }

    private async Task<ShownServer> StartFrontOfTheEyeAsync()
    {
        var server = await StartAsync(new TheEyeTestServer());
        var argument = new { order = 0, type = "input", label = "x" };
        var task = await server.ImportAsync("""echo "[\"$1\"]" """, task: new { task_arguments = new[] { argument } });
        return new(
            new() { ["http://127.0.0.1:6090"] = server.Http.BaseAddress! },
            new() { ["CUSTOMER"] = "acme", ["TOKEN"] = TestServer.User, ["TASK"] = task["id"]!.GetValue<string>() });
    }

    private async Task<ShownServer> StartClusterAsync()
    {
        var cluster = await StartAsync(new SiloProgramCluster());
        return new(
            new()
            {
                ["http://127.0.0.1:6090"] = cluster.Gateway(0),
                ["http://127.0.0.1:6080"] = cluster.Gateway(1),
                ["http://127.0.0.1:6091"] = new(cluster.Silos[0].Urls.Single()),
                ["http://127.0.0.1:6092"] = new(cluster.Silos[1].Urls.Single()),
                ["http://127.0.0.1:6093"] = new(cluster.Silos[2].Urls.Single()),
            },
            new() { ["OPERATOR_TOKEN"] = SiloProgramCluster.OperatorToken });
    }

    private async Task<T> StartAsync<T>(T server)
        where T : IAsyncLifetime
    {
        _started.Add(server);
        await server.InitializeAsync();
        return server;
    }

    /// <summary>The server as it starts without any configuration.</summary>
    private sealed class Demonstration : TestServer
    {
        protected override bool HasUsers => false;
    }
}

/// <param name="Addresses">Where the servers are that the documents show at other addresses.</param>
/// <param name="Variables">What a reader has in the shell by then.</param>
internal sealed record ShownServer(Dictionary<string, Uri> Addresses, Dictionary<string, string> Variables)
{
    /// <summary>The command with the servers' real addresses.</summary>
    public string Localized(string command) => Addresses.Aggregate(
        command, (text, address) => text.Replace(address.Key, address.Value.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal));
}
