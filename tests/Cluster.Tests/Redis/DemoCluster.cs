using System.Text;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Redis;

/// <summary>A Redis, and the silos and gateways of the demonstration that a test adds.</summary>
public sealed class DemoCluster() : ProcessCluster(RedisPersistence.EveryWrite)
{
    private const string AdminToken = "Token that may import and delete them: ";

    /// <summary>
    /// Variables of all that is started after. Half a dozen processes share the machine: the server's garbage collector would take a heap for each core
    /// in each of them.
    /// </summary>
    internal Dictionary<string, string> Variables { get; } = new() { ["DOTNET_gcServer"] = "0" };

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Environment => Variables;

    internal Server NewSilo(string name, params string[] settings) => AddSilo(name, settings);

    internal Server NewGateway(string name, params string[] settings) => AddGateway(name, [$"--Cluster:Redis={Redis.Endpoint}", .. settings]);

    internal RedisServer NewRedis(string name) => AddRedis(name, RedisPersistence.EveryWrite);

    /// <summary>Starts a program that is to end by itself.</summary>
    /// <returns>Its exit code, and all that it has printed.</returns>
    internal async Task<(int ExitCode, string Output)> RunAsync(params IReadOnlyList<string> command)
    {
        using var process = Start("program", command);
        var exitCode = await process.ExitAsync();
        return (exitCode, process.Tail);
    }

    /// <summary>The status and the body of the answer to a call with the demonstration's token.</summary>
    internal static async Task<(int Status, string Body)> SendAsync(
        Server gateway, HttpMethod method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Authorization", "Bearer demo-token");
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        request.Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await gateway.Http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Calls the demonstration's dummy task, which is answered when its job is stored.</summary>
    internal static Task<(int Status, string Body)> EchoAsync(Server gateway, string text) =>
        SendAsync(gateway, HttpMethod.Post, "/demo/task/echo/job", $"""["{text}",""]""");

    /// <summary>The token that a gateway has printed, with which its tasks can be deleted.</summary>
    internal static async Task<string> AdminTokenAsync(Server gateway)
    {
        string? line = null;
        await Eventually.TrueAsync(
            () => (line = gateway.Lines.Select(printed => printed.Text).LastOrDefault(IsAdminToken)) is not null,
            "the gateway has printed its tokens");
        return line!.Split(AdminToken)[1].Split(' ')[0];
    }

    private static bool IsAdminToken(string line) => line.Contains(AdminToken, StringComparison.Ordinal);
}
