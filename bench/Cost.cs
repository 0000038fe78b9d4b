using System.Text.Json;
using SyncCluster.Bench.Children;

namespace SyncCluster.Bench;

/// <summary>What calls have cost, as the operating system accounts for it.</summary>
/// <param name="Gateways">Microseconds of processor time a call in the gateways, or in what stands in their place.</param>
/// <param name="Silos">The same in the silos.</param>
/// <param name="Redis">The same in Redis, who is not counted with us.</param>
/// <param name="PerSecond">Calls a second.</param>
/// <param name="Load">What the clients have seen; of several load generators the slowest one's.</param>
internal sealed record Cost(double Gateways, double Silos, double Redis, double PerSecond, Load Load)
{
    public double Total => Gateways + Silos;

    /// <summary>Has a load generator a gateway call it.</summary>
    /// <param name="servers">Whose silos and Redis work.</param>
    /// <param name="gateways">Whom the calls go to.</param>
    /// <param name="clients">The load generators, one a gateway.</param>
    /// <param name="task">The task that is called.</param>
    /// <param name="concurrency">Calls at a time, at each.</param>
    /// <param name="calls">Calls, at each.</param>
    /// <param name="stop">Canceled when the user has had enough.</param>
    /// <exception cref="InvalidOperationException">A call failed.</exception>
    public static Task<Cost> OfCallsAsync(
        Servers servers, IReadOnlyList<Server> gateways, IReadOnlyList<Server> clients, string task, int concurrency, int calls, CancellationToken stop) =>
        OfAsync(servers, gateways, async () => await Task.WhenAll(clients.Zip(gateways, (client, gateway) =>
            client.AskAsync($"run {concurrency} {calls} POST {Calls.Address(gateway, task)}", stop))));

    /// <summary>What it costs until the load generators have answered.</summary>
    /// <param name="servers">Whose silos and Redis work.</param>
    /// <param name="gateways">Whom the calls went to.</param>
    /// <param name="work">What is measured; its answers are the load generators'.</param>
    /// <exception cref="InvalidOperationException">A call failed.</exception>
    public static async Task<Cost> OfAsync(Servers servers, IReadOnlyList<Server> gateways, Func<Task<string[]>> work)
    {
        var (gateway, silo, redis) = (Cpu(gateways), Cpu(servers.Silos), Cpu([servers.Redis]));
        Load[] loads = [.. (await work()).Select(answer => JsonSerializer.Deserialize<Load>(answer)!)];
        (gateway, silo, redis) = (Cpu(gateways) - gateway, Cpu(servers.Silos) - silo, Cpu([servers.Redis]) - redis);
        var failures = loads.Sum(load => load.Failures);
        if (failures > 0)
        {
            throw new InvalidOperationException(
                $"{failures} calls failed, one with: {loads.First(load => load.Failure is not null).Failure}\n{gateways[0].Tail}");
        }

        var calls = loads.Sum(load => load.Calls);
        return new(
            gateway.TotalMicroseconds / calls,
            silo.TotalMicroseconds / calls,
            redis.TotalMicroseconds / calls,
            loads.Sum(load => load.Calls / load.Seconds),
            loads.MaxBy(load => load.Taken.P99)!);
    }

    /// <summary>The one in the middle of some that measure the same.</summary>
    public static Cost Median(IReadOnlyCollection<Cost> costs) => costs.OrderBy(cost => cost.Total).ElementAt(costs.Count / 2);

    /// <summary>What they have used of the processor so far.</summary>
    public static TimeSpan Cpu(IEnumerable<Server> servers) => servers.Aggregate(TimeSpan.Zero, (sum, server) => sum + Usage.Of(server).Cpu);
}
