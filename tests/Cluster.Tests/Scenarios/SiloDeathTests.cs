using System.Diagnostics;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>Silos that die or freeze: who waits is answered, nothing runs twice, and the dead change nothing.</summary>
public sealed class SiloDeathTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    [ClusterFact]
    public async Task Who_waits_for_jobs_of_a_killed_silo_is_answered()
    {
        StartTraffic();
        await HoldAsync();
        var after = await KillAsync(AnySilo());
        await SettleAsync(Outcome.Lost, () => Assert.InRange(after(), TimeSpan.Zero, AttachedAgain));
    }

    [ClusterFact]
    public async Task The_death_of_a_silo_that_holds_no_job_costs_nobody_anything()
    {
        await HoldAsync();
        var newcomer = await Cluster.AddSiloAsync();
        await Cluster.SettledAsync();
        StartTraffic(scriptEvery: 0);
        newcomer.Kill();
        await Cluster.DeclaredDeadAsync(newcomer);
        await SettleAsync(Outcome.None);
    }

    [ClusterFact]
    public async Task One_silo_of_three_goes_on_alone()
    {
        StartTraffic();
        await HoldAsync();
        var after = await KillAsync([.. Cluster.Silos.Where(silo => silo != Cluster.Silos[0])]);
        await SettleAsync(Outcome.Lost, () => after());
    }

    [ClusterFact]
    public async Task Jobs_that_take_turns_go_on_one_by_one_when_silos_die()
    {
        StartTraffic();
        var calls = Enumerable.Range(0, 40).Select(_ => Clients.Solo(AnyGateway(), seconds: 0.5)).ToArray();
        Server[] victims = [];
        await Until.TrueAsync(() => (victims = [.. Cluster.Silos.Where(silo => Running(silo).Any(calls.Contains))]).Length == 1, "one of them runs");
        victims[0].Kill();
        Print($"Killed {victims[0].Name}, where one ran.");
        await Cluster.DeclaredDeadAsync(victims[0]);
        await Until.TrueAsync(() => calls.Count(call => !call.IsOpen) >= 10, "ten are answered");

        // The line is in the memory of either, and so are half of those who wait.
        var next = Cluster.Silos.First(silo => silo != victims[0]);
        next.Kill();
        Print($"Killed {next.Name}.");
        await SettleAsync(Outcome.Lost, () =>
        {
            Assert.False(File.Exists(Cluster.OverlapsFile), "Two ran at once.");
            Assert.InRange(calls.Count(call => call.Answer.Result.Outcome == Outcome.Lost), 1, 2);
        });
    }

    [ClusterFact]
    public async Task A_frozen_silo_that_wakes_up_changes_nothing()
    {
        StartTraffic();
        var held = await HoldAsync();
        var frozen = AnySilo();
        var there = Running(frozen);
        frozen.Freeze();
        Print($"{frozen.Name} is frozen, with {there.Count} scripts.");
        await Cluster.DeclaredDeadAsync(frozen);
        Print("It is declared dead.");
        await AnsweredAsync(there, "the frozen silo's calls");
        Print("Its calls are answered.");

        // Its scripts, which are not frozen, end now; it finds their ends when it wakes up.
        Gate.Open();
        await AnsweredAsync(held, "all calls");
        var process = frozen.Process;
        frozen.Thaw();
        await Until.TrueAsync(() => process.HasExited, "the silo has learned that it was declared dead");
        Print("It woke up and ended.");
        foreach (var call in held)
        {
            var answer = await call.Answer;
            Assert.Equal(answer.Body, await Clients.LookAsync(AnyGateway(), answer.JobId!));
        }

        await SettleAsync(Outcome.Lost, () => Assert.All(there, call => Assert.Equal(Outcome.Lost, call.Answer.Result.Outcome)));
    }

    /// <summary>Kills silos and lets the jobs end once those that ran there are answered. What it gives is known when all are.</summary>
    private async Task<Func<TimeSpan>> KillAsync(params Server[] silos)
    {
        var running = silos.SelectMany(Running).ToArray();
        var killed = Stopwatch.GetTimestamp();
        foreach (var silo in silos)
        {
            silo.Kill();
        }

        Print($"Killed {string.Join(", ", silos.Select(silo => silo.Name))}, with {running.Length} scripts.");
        foreach (var silo in silos)
        {
            await Cluster.DeclaredDeadAsync(silo);
        }

        Print($"Declared dead {Stopwatch.GetElapsedTime(killed).TotalSeconds:F1} s after it.");
        await AnsweredAsync(running, "the calls whose scripts ran there");
        Print($"The last call whose script ran there was answered {Stopwatch.GetElapsedTime(killed).TotalSeconds:F1} s after it.");
        Gate.Open();
        return () =>
        {
            var (after, count) = Resolved(killed);
            Print($"{count} jobs were attached again and resolved, the last one {after.TotalSeconds:F1} s after it.");
            return after;
        };
    }
}
