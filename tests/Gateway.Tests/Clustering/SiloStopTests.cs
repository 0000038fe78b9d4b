using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Orleans.TestingHost;
using SyncCluster.Gateway.Auth;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Storage;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>
/// Silos that are stopped while callers wait at gateways, with the executor and the scripts that the product has. Silos of TestingHost, stopped and
/// started by its API; the gateways are real hosts, since they learn over TCP and from Redis that a silo has left.
/// </summary>
[Collection(TestingHostCollection.Name)]
public sealed class SiloStopTests(TestingHostCluster cluster)
{
    [Fact, Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I7")]
    public async Task Jobs_that_are_queued_on_a_silo_that_stops_run_once_on_another()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        var calls = Enumerable.Range(0, 40).Select(call => cluster.CallAsync(call % 2, task)).ToArray();
        await AllQueuedOrRunningAsync(task, calls.Length, gate);

        var running = Running(cluster.Silos[0], task);
        await cluster.StopSiloAsync(cluster.Silos[0]);
        gate.Open();
        var answers = await Task.WhenAll(calls);
        var runs = gate.Runs();
        Assert.Equal(runs.Length, runs.Distinct().Count());
        var stopped = answers
            .Where(answer => answer.Body.Contains("The server was stopped while the script ran", StringComparison.Ordinal)).ToArray();
        Assert.Equal(running, stopped.Length);
        var ran = answers.Except(stopped).ToArray();
        Assert.All(ran, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(calls.Length - running, ran.Select(answer => answer.Body).Distinct().Count());
        await cluster.StartSiloAsync();
    }

    [Fact]
    public async Task Queued_jobs_without_a_caller_run_on_another_silo_as_well()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        var address = $"/demo/task/{task}/job?access_token={DemoMode.UserToken}";
        using var disconnect = new CancellationTokenSource();
        var calls = Enumerable.Range(0, 40).Select(call => cluster.SendAsync(call % 2, HttpMethod.Post, address, "[]", disconnect.Token)).ToArray();
        await AllQueuedOrRunningAsync(task, calls.Length, gate);
        await disconnect.CancelAsync();
        await Eventually.TrueAsync(() => cluster.Hub(0).Waiters + cluster.Hub(1).Waiters == 0, "no caller waits any more");

        await cluster.StopSiloAsync(cluster.Silos[0]);
        gate.Open();
        await Eventually.TrueAsync(
            () => gate.Runs().Length == calls.Length && cluster.Silos.Sum(silo => Unfinished(silo, task)) == 0, "all jobs have run");
        Assert.Equal(calls.Length, gate.Runs().Distinct().Count());
        await cluster.StartSiloAsync();
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task After_a_silo_has_left_grains_read_their_records_again()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);

        // As many as one silo runs at once, so that all run wherever they are placed.
        var calls = Enumerable.Range(0, GatewayCluster.Workers).Select(call => cluster.CallAsync(call % 2, task)).ToArray();
        await Eventually.TrueAsync(() => gate.Runs().Length == calls.Length, "all scripts have started");

        // As another activation would have ended them.
        var grains = cluster.Silos[0].ServiceProvider.GetRequiredService<IGrainFactory>();
        var storage = cluster.Silos[0].ServiceProvider.GetRequiredKeyedService<IGrainStorage>(StorageNames.Jobs);
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

    /// <summary>Waits until each silo runs as many of the task's jobs as it can at once, and has the others queued.</summary>
    private Task AllQueuedOrRunningAsync(string task, int jobs, ScriptGate gate) => Eventually.TrueAsync(
        () => cluster.Silos.Sum(silo => Unfinished(silo, task)) == jobs && gate.Runs().Length == cluster.Silos.Sum(silo => Running(silo, task)),
        "all jobs are queued or run");

    private static int Running(InProcessSiloHandle silo, string task) => Math.Min(GatewayCluster.Workers, Unfinished(silo, task));

    private static int Unfinished(InProcessSiloHandle silo, string task) =>
        silo.ServiceProvider.GetRequiredService<ActiveJobs>().Oldest(int.MaxValue).Count(job => job.TaskId == task);
}
