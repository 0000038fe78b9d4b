using SyncCluster.Bench.Children;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>How long after a job's end its client has the result, while many requests wait and some are answered and replaced all the time.</summary>
internal sealed class SteadyLoad : IBenchmark
{
    private const double Limit = 20;

    public string Name => "steady";

    public string Options => "[--count 10000] [--rate 500] [--seconds 20]";

    public string[] Small => ["--count", "100", "--rate", "50", "--seconds", "2"];

    public async Task<Report> RunAsync(Arguments arguments, CancellationToken stop)
    {
        arguments.Allow("count", "rate", "seconds", "json");
        var count = arguments.Number("count", 10_000);
        var rate = arguments.Number("rate", 500);
        var seconds = arguments.Number("seconds", 20);
        var load = Machine.Load;
        await using var cluster = await BenchCluster.StartAsync(0, 0, [], [], stop);
        var completer = await cluster.AddWithExternalExecutorAsync(1, 1, ["--Waiting:Maximum=06:00:00"], stop);
        var floor = await cluster.StartFloorAsync(stop);
        var client = await cluster.StartLoadAsync(stop);
        await Cost.OfCallsAsync(cluster, [floor], [client], BenchTasks.Quick, 64, count, stop);
        await Cost.OfCallsAsync(cluster, cluster.Gateways, [client], BenchTasks.Quick, 64, 6 * count, stop);

        var bare = await MeasureAsync(floor, floor);
        var ours = await MeasureAsync(cluster.Gateways[0], completer);
        var facts = Machine.Facts(cluster.Redis.Version);
        facts.Add("load average", $"{load} at the start, {Machine.Load} at the end");
        facts.Add("load", $"{count} wait; for {seconds} s {rate} are finished each second, and as many come");
        var figures = new Table("what", "result to client p50, ms", "p99, ms", "longest, ms", "CPU, µs each", "of it gateway", "of it silo");
        Add("bare Kestrel", bare);
        Add("gateway and silo", ours);
        return new(Name, facts, figures)
        {
            Goals = [new("result to client p99, ms", Limit, ours.Load.Woken.P99, bare.Load.Woken.P99)],
        };

        void Add(string name, Cost cost) => figures.Add(
            name, cost.Load.Woken.P50, cost.Load.Woken.P99, cost.Load.Woken.Longest, cost.Total, cost.Gateways, cost.Silos);

        async Task<Cost> MeasureAsync(Server gateway, ChildServer holder)
        {
            var request = $"POST {DemoClient.Address(gateway, BenchTasks.Quick)}";
            await holder.AskAsync("hold", stop);
            await WaiterRampUp.OpenAsync([client], [request], count, () => WaiterRampUp.CountHeldAsync(holder, stop), stop);
            await client.AskAsync($"again {request}", stop);
            var cost = await Cost.OfAsync(cluster, [gateway], async () =>
            {
                await holder.AskAsync($"pace {rate} {seconds}", stop);
                await client.AskAsync("enough", stop);
                return [await client.AskAsync("so-far", stop)];
            });
            var left = holder.AskAsync($"finish {count + rate}", stop);
            await client.AskAsync("close", stop);
            await left;
            return cost;
        }
    }
}
