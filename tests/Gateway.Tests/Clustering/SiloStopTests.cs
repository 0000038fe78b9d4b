using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Gateway.Tests.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Storage;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>Silos that leave while clients wait (rules I2, I7, I9).</summary>
public sealed class SiloStopTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    /// <summary>Of each silo of the cluster.</summary>
    private const int Workers = 4;

    [Fact]
    public async Task Jobs_that_wait_on_a_silo_that_stops_run_once_elsewhere()
    {
        var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        var calls = Enumerable.Range(0, 40).Select(call => cluster.CallAsync(call % 2, task)).ToArray();
        await TestServer.UntilAsync(() => cluster.Silos.Sum(Unfinished) == calls.Length && gate.Runs().Length == cluster.Silos.Sum(Running));

        var running = Running(cluster.Silos[0]);
        await cluster.StopSiloAsync(cluster.Silos[0]);
        gate.Open();
        var answers = await Task.WhenAll(calls);
        var runs = gate.Runs();
        Assert.Equal(runs.Length, runs.Distinct().Count());
        var stopped = answers.Where(answer => answer.Body.Contains("The server was stopped while the script ran", StringComparison.Ordinal)).ToArray();
        Assert.Equal(running, stopped.Length);
        var ran = answers.Except(stopped).ToArray();
        Assert.All(ran, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(calls.Length - running, ran.Select(answer => answer.Body).Distinct().Count());
        await cluster.StartSiloAsync();
    }

    [Fact]
    public async Task Jobs_that_nobody_waits_for_run_elsewhere_all_the_same()
    {
        var gate = cluster.NewGate();
        var address = $"/demo/task/{await cluster.GatedTaskAsync(gate)}/job?access_token={DemoMode.UserToken}";
        using var hangUp = new CancellationTokenSource();
        var calls = Enumerable.Range(0, 40).Select(call => cluster.SendAsync(call % 2, HttpMethod.Post, address, "[]", hangUp.Token)).ToArray();
        await TestServer.UntilAsync(() => cluster.Silos.Sum(Unfinished) == calls.Length && gate.Runs().Length == cluster.Silos.Sum(Running));
        await hangUp.CancelAsync();
        await TestServer.UntilAsync(() => cluster.Hub(0).Waiters + cluster.Hub(1).Waiters == 0);

        await cluster.StopSiloAsync(cluster.Silos[0]);
        gate.Open();
        await TestServer.UntilAsync(() => gate.Runs().Length == calls.Length && cluster.Silos.Sum(Unfinished) == 0);
        Assert.Equal(calls.Length, gate.Runs().Distinct().Count());
        await cluster.StartSiloAsync();
    }

    [Fact]
    public async Task When_a_silo_has_left_grains_do_not_trust_their_memory()
    {
        var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);

        // As many as a silo runs at once, wherever they come to be.
        var calls = Enumerable.Range(0, Workers).Select(call => cluster.CallAsync(call % 2, task)).ToArray();
        await TestServer.UntilAsync(() => gate.Runs().Length == calls.Length);

        // As another activation would have ended them.
        var grains = cluster.Silos[0].Services.GetRequiredService<IGrainFactory>();
        var storage = cluster.Silos[0].Services.GetRequiredKeyedService<IGrainStorage>(StorageNames.Jobs);
        foreach (var jobId in gate.Runs())
        {
            var state = new GrainState<JobRecord?>();
            var grain = grains.GetGrain<IJobGrain>(JobKey.Of("demo", jobId)).GetGrainId();
            await storage.ReadStateAsync("job", grain, state);
            state.State = state.State!.Ended(TestJob.Success, DateTimeOffset.UnixEpoch);
            await storage.WriteStateAsync("job", grain, state);
        }

        Assert.All(calls, call => Assert.False(call.IsCompleted));
        await cluster.StopSiloAsync(cluster.Silos[0]);
        Assert.All(await Task.WhenAll(calls).WaitAsync(TimeSpan.FromSeconds(30)), answer => Assert.Equal((200, """["done"]"""), answer));
        gate.Open();
        await cluster.StartSiloAsync();
    }

    private static int Running(Microsoft.AspNetCore.Builder.WebApplication silo) => Math.Min(Workers, Unfinished(silo));

    private static int Unfinished(Microsoft.AspNetCore.Builder.WebApplication silo) =>
        silo.Services.GetRequiredService<ActiveJobs>().Oldest(int.MaxValue).Count;
}
