using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>
/// A silo and two gateways, one for configured customers and one for the demonstration, on what version 0.1 has stored in Redis.
/// </summary>
public partial class Version01Cluster : ProcessCluster
{
    internal const string Customer = "acme";
    internal const string UserToken = "uma-token";
    internal const string AdminToken = "adam-token";
    internal const string DemoToken = "demo-token";

    /// <summary>Of whom nothing is stored.</summary>
    internal const string NewCustomer = "newco";

    internal const string NewCustomersToken = "nora-token";

    private static readonly (string Customer, string Username, string Credential, string Token)[] Users =
    [
        (Customer, "uma", "User", UserToken),
        (Customer, "adam", "Admin", AdminToken),
        (NewCustomer, "nora", "Admin", NewCustomersToken),
    ];

    internal Recorded Recorded { get; } = Recorded.Read("local.answers.json");

    private protected virtual string Programs => AppContext.BaseDirectory;

    private protected virtual string DemoTasks => Path.Combine(Folder, "no-tasks");

    /// <summary>The home of the scripts, each of which writes a line when it begins.</summary>
    private protected string Home => Path.Combine(Folder, "home");

    internal Task<Exchange> SendAsync(Exchange request) =>
        request.SendAsync(Gateways[request.Path.StartsWith("/demo/", StringComparison.Ordinal) ? 1 : 0].Http);

    /// <summary>The jobs whose scripts have begun, in this order.</summary>
    internal string[] Ran()
    {
        var file = Path.Combine(Home, "ran");
        return File.Exists(file) ? [.. File.ReadLines(file).Select(line => Id().Match(line).Groups[1].Value)] : [];
    }

    private protected override async Task PrepareAsync()
    {
        Directory.CreateDirectory(Home);
        await (await StoredKeys.ReadAsync(Recorded.PathOf("local.redis.json"))).WriteAsync(Redis);
    }

    private protected override IReadOnlyList<Server> MakeGateways() =>
    [
        new("gateway", Path.Combine(Programs, "SyncCluster.Gateway.dll"), [$"--Cluster:Redis={Redis.Endpoint}", .. Users.SelectMany(Settings)]),
        new(
            "gateway of the demonstration",
            Path.Combine(Programs, "SyncCluster.Gateway.dll"),
            [$"--Cluster:Redis={Redis.Endpoint}", $"--Demo:Folder={DemoTasks}"]),
    ];

    private protected override IReadOnlyList<Server> MakeSilos() => [Silo(0)];

    private protected override Server Silo(int number) => new(
        $"silo {number}",
        Path.Combine(Programs, "SyncCluster.Silo.dll"),
        [$"--Cluster:Redis={Redis.Endpoint}", "--Cluster:SiloPort=0", "--Cluster:GatewayPort=0", "--LocalExecutor:Concurrency=2"],
        new Dictionary<string, string> { ["HOME"] = Home });

    private static string[] Settings((string Customer, string Username, string Credential, string Token) user, int number)
    {
        var path = $"--Auth:Customers:{user.Customer}:Users:{number}";
        return
        [
            $"{path}:Username={user.Username}",
            $"{path}:Email={user.Username}@{user.Customer}.example",
            $"{path}:Credential={user.Credential}",
            $"{path}:TokenSha256={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(user.Token)))}",
        ];
    }

    [GeneratedRegex("\"id\":\"([0-9a-f]+)\"")]
    private static partial Regex Id();
}
