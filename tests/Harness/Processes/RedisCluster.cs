using System.Diagnostics;

namespace SyncCluster.Harness.Processes;

/// <summary>Makes a Redis Cluster of servers that were started with <see cref="NewSettings"/>, with <c>redis-cli</c> as operators do.</summary>
public static class RedisCluster
{
    /// <summary>The settings of one member.</summary>
    public static string[] NewSettings() =>
        ["--cluster-enabled", "yes", "--cluster-port", $"{FreePort.Next()}", "--cluster-node-timeout", "5000"];

    /// <summary>Makes the servers the masters of a new Redis Cluster, each with its share of the slots.</summary>
    public static async Task CreateAsync(IReadOnlyList<RedisServer> masters)
    {
        await RunAsync(["create", .. masters.Select(master => master.Endpoint), "--cluster-yes"]);
        await WholeAsync(masters);
    }

    /// <summary>Waits until each master sees the others: one after the other finds that out, and until then it refuses its keys.</summary>
    public static async Task WholeAsync(IEnumerable<RedisServer> masters)
    {
        foreach (var master in masters)
        {
            await Eventually.TrueAsync(
                async () => ((string)(await master.ExecuteAsync("CLUSTER", "INFO"))!).Contains("cluster_state:ok", StringComparison.Ordinal),
                $"the Redis Cluster is whole as {master.Name} sees it");
        }
    }

    /// <summary>Adds a master that has no slots yet.</summary>
    public static async Task AddMasterAsync(IReadOnlyList<RedisServer> members, RedisServer added)
    {
        // As `redis-cli --cluster add-node`, which takes the bus port of members for their port plus 10,000.
        foreach (var member in members)
        {
            var nodes = (string)(await member.ExecuteAsync("CLUSTER", "NODES"))!;
            var self = nodes.Split('\n').Single(node => node.Contains("myself", StringComparison.Ordinal));
            await added.ExecuteAsync("CLUSTER", "MEET", "127.0.0.1", member.Port, self.Split(' ')[1].Split('@', ',')[1]);
        }

        var id = await IdAsync(added);
        await Eventually.TrueAsync(
            async () => await TryRunAsync("check", members[0].Endpoint) is (0, var known) && known.Contains(id, StringComparison.Ordinal),
            $"all members know {added.Name}");
    }

    /// <summary>Moves slots, and the keys in them, from one master to another.</summary>
    public static async Task MoveSlotsAsync(RedisServer from, RedisServer to, int count) => await RunAsync(
        "reshard", from.Endpoint, "--cluster-from", await IdAsync(from), "--cluster-to", await IdAsync(to), "--cluster-slots", $"{count}",
        "--cluster-yes");

    private static async Task<string> IdAsync(RedisServer member) => (string)(await member.ExecuteAsync("CLUSTER", "MYID"))!;

    private static async Task RunAsync(params IEnumerable<string> arguments)
    {
        var (exitCode, output) = await TryRunAsync(arguments);
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"redis-cli has failed.\n{output}");
        }
    }

    private static async Task<(int ExitCode, string Output)> TryRunAsync(params IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("redis-cli", ["--cluster", .. arguments]) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }
}
