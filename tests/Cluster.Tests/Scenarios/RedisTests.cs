using System.Diagnostics;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>Redis away: new calls are refused before anything is run, and who waits goes on waiting.</summary>
public sealed class RedisTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    /// <summary>Longer than every timeout on the way to Redis, and than a silo's sign of life in the membership is old.</summary>
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(10);

    [ClusterFact]
    public Task A_frozen_Redis_costs_no_waiter_its_answer() => OutageAsync(
        () =>
        {
            Cluster.Redis.Freeze();
            return Task.CompletedTask;
        },
        () =>
        {
            Cluster.Redis.Thaw();
            return Task.CompletedTask;
        });

    [ClusterFact]
    public Task A_Redis_that_is_stopped_and_started_costs_no_waiter_its_answer() => OutageAsync(Cluster.Redis.StopAsync, Cluster.Redis.StartAsync);

    [ClusterFact]
    public async Task A_killed_Redis_that_is_started_at_once_costs_no_waiter_its_answer()
    {
        StartTraffic();
        await HoldAsync();
        Gate.Open();
        Cluster.Redis.Kill();
        Print("Killed Redis while scripts ended.");
        await Cluster.Redis.StartAsync();
        Print("Started it anew.");
        await ServesAgainAsync();
        await SettleAsync(Outcome.Refused);
    }

    [ClusterFact]
    public async Task A_Redis_that_is_nearly_full_is_given_no_new_jobs_and_takes_the_ends_of_those_that_run()
    {
        var held = await SubmitAsync(10, AnyGateway());
        await Cluster.Redis.LimitMemoryAsync(1.08);
        Print("Redis is nearly full.");
        await RefuseAsync(() => Clients.Echo(AnyGateway()), true);
        await RefuseAsync(() => Clients.Call(AnyGateway()), true);
        Gate.Open();
        await AnsweredAsync(held, "those that ran");
        await Cluster.Redis.LimitMemoryAsync(0);
        await RefuseAsync(() => Clients.Echo(AnyGateway()), false);
        await ServesAgainAsync();
        await SettleAsync(Outcome.Refused, () => Assert.All(held, call => Assert.Equal(Outcome.Right, call.Answer.Result.Outcome)));
    }

    /// <summary>Until calls are refused for want of room, or no more; with three silos, some know it before others.</summary>
    private static async Task RefuseAsync(Func<Call> call, bool isFull)
    {
        var inARow = 0;
        await Until.TrueAsync(
            async () => (inARow = (await call().Answer).Body.Contains("The storage is nearly full", StringComparison.Ordinal) == isFull ? inARow + 1 : 0) >= 40,
            isFull ? "new calls are refused" : "new calls are taken");
    }

    private async Task OutageAsync(Func<Task> stop, Func<Task> start)
    {
        StartTraffic();
        var held = await HoldAsync();

        // Who came before them has a job by the time that these have.
        await SubmitAsync(10, AnyGateway());
        await stop();
        var begun = Stopwatch.GetTimestamp();
        Print("Redis is away.");

        // The outage is defined by how long it is.
        await Task.Delay(Outage);
        Assert.All(held, call => Assert.True(call.IsOpen));
        var late = Clients.All.Where(call => call.Begun > begun && !call.IsOpen && call.Answer.Result.Outcome == Outcome.Right).ToArray();
        await start();
        Print("Redis is back.");
        Assert.Empty(late);
        await ServesAgainAsync();
        await SettleAsync(Outcome.Refused);
        Assert.All(held, call => Assert.Equal(Outcome.Right, call.Answer.Result.Outcome));
    }

    /// <summary>Until a new call at each gateway is answered right.</summary>
    private async Task ServesAgainAsync()
    {
        foreach (var gateway in Cluster.Gateways)
        {
            await Until.TrueAsync(async () => (await Clients.Echo(gateway).Answer).Outcome == Outcome.Right, $"{gateway.Name} serves new calls");
        }

        Print("New calls are served.");
    }
}
