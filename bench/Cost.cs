using System.Text.Json;
using SyncCluster.Bench.Children;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>What calls have cost, by the accounts of the operating system.</summary>
/// <param name="Gateways">Microseconds of processor time a call in the gateways, or in the server in their place.</param>
/// <param name="Silos">The same in the silos.</param>
/// <param name="Redis">The same in Redis, which is not part of the total.</param>
/// <param name="PerSecond">Calls a second.</param>
/// <param name="Load">What the clients have measured; with several load generators, what the slowest one has.</param>
internal sealed record Cost(double Gateways, double Silos, double Redis, double PerSecond, Load Load)
{
    /// <summary>Until what calls have left to do is done: acknowledgements, activations that end.</summary>
    public static TimeSpan Settling { get; } = TimeSpan.FromMilliseconds(30);

    public double Total => Gateways + Silos;

    /// <summary>Measures calls, with a load generator for each gateway.</summary>
    /// <param name="cluster">The cluster whose silos and Redis are measured.</param>
    /// <param name="gateways">The servers that are called.</param>
    /// <param name="clients">The load generators, one a gateway.</param>
    /// <param name="task">The task that is called.</param>
    /// <param name="concurrency">Concurrent calls of each load generator.</param>
    /// <param name="calls">Calls of each load generator.</param>
    /// <param name="stop">Canceled by the user.</param>
    /// <exception cref="InvalidOperationException">A call failed.</exception>
    public static Task<Cost> OfCallsAsync(
        BenchCluster cluster, IReadOnlyList<Server> gateways, IReadOnlyList<ChildServer> clients, string task, int concurrency, int calls, CancellationToken stop) =>
        OfAsync(cluster, gateways, async () => await Task.WhenAll(clients.Zip(gateways, (client, gateway) =>
            client.AskAsync($"run {concurrency} {calls} POST {DemoClient.Address(gateway, task)}", stop))));

    /// <summary>Measures until the load generators have answered.</summary>
    /// <param name="cluster">The cluster whose silos and Redis are measured.</param>
    /// <param name="gateways">The servers that are called.</param>
    /// <param name="work">What is measured; it returns the answers of the load generators.</param>
    /// <exception cref="InvalidOperationException">A call failed.</exception>
    public static async Task<Cost> OfAsync(BenchCluster cluster, IReadOnlyList<Server> gateways, Func<Task<string[]>> work)
    {
        var (gateway, silo, redis) = (Cpu(gateways), Cpu(cluster.Silos), Cpu([cluster.Redis]));
        Load[] loads = [.. (await work()).Select(answer => JsonSerializer.Deserialize<Load>(answer)!)];
        (gateway, silo, redis) = (Cpu(gateways) - gateway, Cpu(cluster.Silos) - silo, Cpu([cluster.Redis]) - redis);
        var failures = loads.Sum(load => load.Failures);
        if (failures > 0)
        {
            throw new InvalidOperationException(
                $"{failures} calls failed, one with: {loads.First(load => load.Failure is not null).Failure}\n{gateways[0].Process.Tail}");
        }

        var calls = loads.Sum(load => load.Calls);
        return new(
            gateway.TotalMicroseconds / calls,
            silo.TotalMicroseconds / calls,
            redis.TotalMicroseconds / calls,
            loads.Sum(load => load.Calls / load.Seconds),
            loads.MaxBy(load => load.Taken.P99)!);
    }

    /// <summary>
    /// Measures until the servers have done what the calls have left to do, without what .NET has compiled meanwhile: that is no cost of a call, and differs
    /// from one short round to the next. The servers have <see cref="Usage.KeepsCompiler"/>.
    /// </summary>
    /// <param name="cluster">The cluster that is measured.</param>
    /// <param name="work">What is measured; it returns the answer of a load generator.</param>
    /// <param name="stop">Canceled by the user.</param>
    /// <exception cref="InvalidOperationException">A call failed.</exception>
    public static async Task<Cost> OfSettledAsync(BenchCluster cluster, Func<Task<string>> work, CancellationToken stop)
    {
        var (gateway, silo) = (Compilation(cluster.Gateways), Compilation(cluster.Silos));
        var cost = await OfAsync(cluster, cluster.Gateways, async () =>
        {
            var load = await work();
            await Task.Delay(Settling, stop);
            return [load];
        });
        return cost with
        {
            Gateways = cost.Gateways - ((Compilation(cluster.Gateways) - gateway).TotalMicroseconds / cost.Load.Calls),
            Silos = cost.Silos - ((Compilation(cluster.Silos) - silo).TotalMicroseconds / cost.Load.Calls),
        };
    }

    /// <summary>The median, by the total, of several measurements.</summary>
    public static Cost Median(IReadOnlyCollection<Cost> costs) => costs.OrderBy(cost => cost.Total).ElementAt(costs.Count / 2);

    /// <summary>The processor time that servers have used so far.</summary>
    public static TimeSpan Cpu(IEnumerable<Server> cluster) => cluster.Aggregate(TimeSpan.Zero, (sum, server) => sum + Usage.Cpu(server));

    /// <summary>The part of that in which .NET has compiled code once more. The servers have <see cref="Usage.KeepsCompiler"/>.</summary>
    public static TimeSpan Compilation(IEnumerable<Server> servers) => servers.Aggregate(TimeSpan.Zero, (sum, server) => sum + Usage.Compilation(server));
}
