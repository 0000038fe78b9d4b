using System.Diagnostics;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>
/// Redis is down, hangs or is full: new calls are refused before anything is run, or told where to ask, and open calls keep waiting. It takes a real
/// redis-server, which can be frozen, killed and restarted on what it has on its disk.
/// </summary>
public sealed class RedisTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    /// <summary>Longer than every timeout of the requests to Redis, and than the interval at which silos update their entries in the membership.</summary>
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(10);

    /// <summary>How long a silo takes at most to notice that Redis has closed its connections.</summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(2);

    [ClusterFact]
    public Task Open_calls_are_answered_after_Redis_has_hung() => OutageAsync(
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
    public Task Open_calls_are_answered_after_Redis_was_stopped_and_started() => OutageAsync(
        Cluster.Redis.StopAsync,
        () => Cluster.Redis.StartAsync(),
        begun =>
        {
            // No silo has sent them to Redis, so it is known that nothing comes of them.
            var refused = Clients.All.Where(call => !call.IsOpen && Stopwatch.GetElapsedTime(begun, call.Begun) > Noticed).ToArray();
            Assert.NotEmpty(refused);
            Assert.All(refused, call => Assert.Equal((Outcome.Refused, 0), (call.Answer.Result.Outcome, call.Retries)));
        });

    [ClusterFact]
    public async Task Open_calls_are_answered_when_Redis_is_killed_and_started_at_once()
    {
        StartBackgroundCalls();
        await FillSilosAsync();
        Latch.Open();
        Cluster.Redis.Kill();
        Print("Killed Redis while scripts ended.");
        await Cluster.Redis.StartAsync();
        Print("Started it again.");
        await ServesAgainAsync();
        await AuditAsync(Outcome.Refused);
    }

    [ClusterFact]
    public async Task A_nearly_full_Redis_gets_no_new_jobs_and_stores_the_results_of_running_ones()
    {
        var running = await SubmitAsync(10, RandomGateway());
        await Cluster.Redis.LimitMemoryAsync(1.08);
        Print("Redis is nearly full.");
        await RefusalsAsync(() => Clients.CallDummy(RandomGateway()), true);
        await RefusalsAsync(() => Clients.Call(RandomGateway()), true);
        Latch.Open();
        await AnsweredAsync(running, "the calls whose jobs ran");
        await Cluster.Redis.LimitMemoryAsync(0);
        await RefusalsAsync(() => Clients.CallDummy(RandomGateway()), false);
        await ServesAgainAsync();
        await AuditAsync(Outcome.Refused, () => Assert.All(running, call => Assert.Equal(Outcome.Right, call.Answer.Result.Outcome)));
    }

    /// <summary>Makes calls until they are refused because the storage is full, or no more are. Some silos notice it before others, so forty in a row must agree.</summary>
    private static async Task RefusalsAsync(Func<Call> call, bool isFull)
    {
        var inARow = 0;
        await Eventually.TrueAsync(
            async () => (inARow = (await call().Answer).Body.Contains("The storage is nearly full", StringComparison.Ordinal) == isFull ? inARow + 1 : 0) >= 40,
            isFull ? "new calls are refused" : "new calls are taken");
    }

    /// <param name="stop">Takes Redis away.</param>
    /// <param name="start">Brings it back.</param>
    /// <param name="check">Looks at what was answered while it was away, since the moment that it gets.</param>
    private async Task OutageAsync(Func<Task> stop, Func<Task> start, Action<long>? check = null)
    {
        var before = await CountJobsAsync();
        var held = await FillSilosAsync();
        await SubmitAsync(10, RandomGateway());

        // A call whose job does not exist yet would be refused.
        await Eventually.TrueAsync(async () => await CountJobsAsync() >= before + Clients.All.Count, "the jobs of all calls exist");
        StartBackgroundCalls();
        await stop();
        var begun = Stopwatch.GetTimestamp();
        Print("Redis is down.");

        // The length of the outage is what is tested.
        await Task.Delay(Outage);
        Assert.All(held, call => Assert.True(call.IsOpen));
        var late = Clients.All.Where(call => call.Begun > begun && !call.IsOpen && call.Answer.Result.Outcome == Outcome.Right).ToArray();
        check?.Invoke(begun);
        await start();
        Print("Redis is up again.");
        Assert.Empty(late);
        await ServesAgainAsync();
        await AuditAsync(Outcome.Refused);
        Assert.All(held, call => Assert.Equal(Outcome.Right, call.Answer.Result.Outcome));
    }

    private Task<int> CountJobsAsync() => Cluster.Redis.CountKeysAsync("synccluster/state/job/*");

    /// <summary>Waits until a new call at each gateway is answered right.</summary>
    private async Task ServesAgainAsync()
    {
        foreach (var gateway in Cluster.Gateways)
        {
            await Eventually.TrueAsync(async () => (await Clients.CallDummy(gateway).Answer).Outcome == Outcome.Right, $"{gateway.Name} answers new calls");
        }

        Print("New calls are answered.");
    }
}
