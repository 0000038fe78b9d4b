using System.Diagnostics;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>Silos that are told to stop: what is queued moves, what runs gets its time.</summary>
public sealed class RestartTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    private static readonly TimeSpan HandedOver = TimeSpan.FromSeconds(10);

    [ClusterFact]
    public async Task Two_thousand_waiters_notice_nothing_of_a_rolling_restart()
    {
        // As many as keep the silos at work for all the restarts, each shorter than the time that a stopping silo gives its scripts.
        StartTraffic(scriptEvery: 0);
        Call[] submitted = [.. Enumerable.Range(0, 200).Select(_ => Clients.Submit(AnyGateway(), seconds: 1.5))];
        await Until.TrueAsync(() => submitted.All(call => call.Location.IsCompleted), "the clerk has told the addresses of the jobs that it did not see end");
        for (var count = 0; count < 400; count++)
        {
            Clients.Call(AnyGateway(), seconds: 1);
        }

        foreach (var call in submitted.Where(call => call.Location.IsCompletedSuccessfully))
        {
            for (var waiters = 0; waiters < 9; waiters++)
            {
                await Clients.JoinAsync(call, AnyGateway());
            }
        }

        Print($"{Clients.All.Count(call => call.IsOpen && call.RunsScript)} wait.");
        foreach (var silo in Cluster.Silos)
        {
            silo.Stop();
            Assert.Equal(0, await silo.Process.ExitAsync());
            Print($"{silo.Name} has stopped; {Clients.All.Count(call => call.IsOpen)} wait.");
            await silo.StartAsync();
        }

        Print($"All silos are new; {Clients.All.Count(call => call.IsOpen)} wait.");
        await SettleAsync(Outcome.None);
    }

    [ClusterFact]
    public async Task A_silo_that_stops_hands_its_queue_over_and_gives_its_scripts_their_time()
    {
        StartTraffic(scriptEvery: 0);
        await HoldAsync();
        var silo = AnySilo();
        var running = Running(silo);
        var told = Stopwatch.GetTimestamp();
        silo.Stop();
        await AnsweredAsync(running, "the calls whose scripts ran on the stopping silo");
        Assert.All(running, call => Assert.InRange(
            Stopwatch.GetElapsedTime(told, call.Answer.Result.At), ScriptCluster.DrainTime, ScriptCluster.DrainTime + TimeSpan.FromSeconds(5)));
        Assert.Equal(0, await silo.Process.ExitAsync());
        Print($"{silo.Name} has stopped, {Stopwatch.GetElapsedTime(told).TotalSeconds:F1} s after it was told to.");
        await SettleAsync(Outcome.Stopped, () =>
        {
            var (after, count) = Resolved(told);
            Print($"{count} queued jobs were taken over, the last one {after.TotalSeconds:F1} s after it was told to stop.");
            Assert.NotEqual(0, count);
            Assert.InRange(after, TimeSpan.Zero, HandedOver);
            Assert.Equal(
                running.Select(call => call.Id).Order(),
                Clients.All.Where(call => call.Answer.Result.Outcome == Outcome.Stopped).Select(call => call.Id).Order());
        });
    }
}
