using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>
/// A silo and two gateways, one for configured customers and one for the demonstration, on what version 0.1 has stored in Redis.
/// </summary>
public partial class Version01Cluster : ClusterFixture
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

    /// <summary>The recipes of the demonstration's gateway. There are none: its tasks are stored.</summary>
    private protected string DemoTasks => Path.Combine(Folder, "demo-tasks");

    private protected virtual IReadOnlyList<string> SiloProgram => ServerPrograms.Silo;

    private protected virtual IReadOnlyList<string> GatewayProgram => ServerPrograms.Gateway;

    private string[] ClusterSettings => [$"--Cluster:Redis={Redis.Endpoint}", $"--Cluster:Name={ClusterName}"];

    internal Task<Exchange> SendAsync(Exchange request) =>
        request.SendAsync(Gateways[request.Path.StartsWith("/demo/", StringComparison.Ordinal) ? 1 : 0].Http);

    /// <summary>The jobs whose scripts have begun, in this order: each script writes a line for it.</summary>
    internal string[] Ran()
    {
        var file = Path.Combine(Folder, "ran");
        return File.Exists(file) ? [.. File.ReadLines(file).Select(line => Id().Match(line).Groups[1].Value)] : [];
    }

    private protected override async Task StartAsync()
    {
        await PrepareAsync();
        await StartSilosAsync([CreateSilo(1)]);
        await StartGatewaysAsync(
        [
            AddGateway("gateway", GatewayProgram, [.. ClusterSettings, .. Users.SelectMany(Settings)]),
            AddGateway("gateway of the demonstration", GatewayProgram, [.. ClusterSettings, $"--Demo:Folder={DemoTasks}"]),
        ]);
    }

    private protected virtual async Task PrepareAsync() =>
        await (await StoredKeys.ReadAsync(Recorded.PathOf("local.redis.json"))).WriteAsync(Redis);

    private protected override Server CreateSilo(int number) => AddSilo($"silo {number}", SiloProgram, ["--LocalExecutor:Concurrency=2"]);

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
