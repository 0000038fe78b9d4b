using System.Diagnostics;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>
/// Silos that stop hand over their queues and let their scripts run for the drain time. It takes real processes: SIGTERM, the exit code and
/// the end of the scripts with their silo are what is tested.
/// </summary>
public class RestartTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    /// <summary>Half of what it takes where the jobs of the queue are attached to each minute only.</summary>
    private static readonly TimeSpan HandoverLimit = TimeSpan.FromSeconds(30);

    /// <summary>Less than the host lets a stop take beside the drain time.</summary>
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(20);

    [ClusterFact]
    public async Task Two_thousand_waiting_clients_are_answered_through_a_rolling_restart()
    {
        // Enough jobs to keep the silos busy through all restarts, each shorter than the drain time of a stopping silo.
        StartBackgroundCalls(scriptEvery: 0);
        Call[] submitted = [.. Enumerable.Range(0, 200).Select(_ => Clients.Submit(RandomGateway(), seconds: 1.5))];
        await Eventually.TrueAsync(() => submitted.All(call => call.Location.IsCompleted), "the addresses of the jobs that have not ended are known");
        for (var count = 0; count < 400; count++)
        {
            Clients.Call(RandomGateway(), seconds: 1);
        }

        foreach (var call in submitted.Where(call => call.Location.IsCompletedSuccessfully))
        {
            for (var waiters = 0; waiters < 9; waiters++)
            {
                await Clients.AttachAsync(call, RandomGateway());
            }
        }

        Print($"{Clients.All.Count(call => call.IsOpen && call.RunsScript)} clients wait.");
        foreach (var silo in Cluster.Silos)
        {
            Assert.Equal(0, await silo.StopAsync());
            Print($"{silo.Name} has stopped; {Clients.All.Count(call => call.IsOpen)} clients wait.");
            await silo.StartAsync();
        }

        Print($"All silos were restarted; {Clients.All.Count(call => call.IsOpen)} clients wait.");
        await AuditAsync(Outcome.None);
    }

    [ClusterFact]
    public async Task A_stopping_silo_hands_over_its_queue_and_lets_its_scripts_run_for_the_drain_time()
    {
        StartBackgroundCalls(scriptEvery: 0);
        await FillSilosAsync();
        var silo = RandomSilo();
        var running = RunningOn(silo);
        var terminated = Stopwatch.GetTimestamp();
        silo.Terminate();
        await AnsweredAsync(running, "the calls whose scripts ran on the stopping silo");
        Assert.All(running, call => Assert.InRange(
            Stopwatch.GetElapsedTime(terminated, call.Answer.Result.At), ScriptCluster.DrainTime, ScriptCluster.DrainTime + KillLimit));
        Assert.Equal(0, await silo.Process.ExitAsync());
        Print($"{silo.Name} has stopped {Stopwatch.GetElapsedTime(terminated).TotalSeconds:F1} s after SIGTERM.");
        await AuditAsync(Outcome.Stopped, () =>
        {
            var (after, count) = ResolvedJobs(terminated);
            Print($"{count} queued jobs were taken over, the last one {after.TotalSeconds:F1} s after SIGTERM.");
            Assert.NotEqual(0, count);
            Assert.InRange(after, TimeSpan.Zero, HandoverLimit);
            Assert.Equal(
                running.Select(call => call.Id).Order(),
                Clients.All.Where(call => call.Answer.Result.Outcome == Outcome.Stopped).Select(call => call.Id).Order());
        });
    }
}
