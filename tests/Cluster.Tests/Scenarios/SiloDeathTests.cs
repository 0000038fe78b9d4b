using System.Diagnostics;
using System.Text.Json;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>
/// Silos that die or freeze: every caller is answered, and no script runs twice. It takes real processes: a TestingHost cluster stops its silos in an
/// orderly way and can't freeze one, and the scripts of a killed process must end with it.
/// </summary>
[Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I7"), Trait(WaitingRules.Trait, "I9")]
public class SiloDeathTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    [ClusterFact]
    public async Task Callers_are_answered_when_the_silo_that_runs_their_jobs_is_killed()
    {
        StartBackgroundCalls();
        await FillSilosAsync();
        var after = await KillAsync(RandomSilo());
        await AuditAsync(Outcome.Lost, () => Assert.InRange(after(), TimeSpan.Zero, ReattachLimit));
    }

    [ClusterFact]
    public async Task No_call_fails_when_a_silo_without_jobs_is_killed()
    {
        await FillSilosAsync();
        var extraSilo = await Cluster.StartExtraSiloAsync();
        await Cluster.SettledAsync();
        StartBackgroundCalls(scriptEvery: 0);
        extraSilo.Kill();
        await Cluster.DeclaredDeadAsync(extraSilo);
        await AuditAsync(Outcome.None);
    }

    [ClusterFact]
    public async Task Callers_are_answered_when_two_of_three_silos_are_killed()
    {
        StartBackgroundCalls();
        await FillSilosAsync();
        var after = await KillAsync([.. Cluster.Silos.Where(silo => silo != Cluster.Silos[0])]);
        await AuditAsync(Outcome.Lost, () => after());
    }

    /// <summary>
    /// What the killed silo had under way to the index is lost; some jobs have ended then, some are resolved by whoever asks. For those that no client
    /// waits for, that is the list.
    /// </summary>
    [ClusterFact]
    public async Task Lists_are_right_after_a_silo_was_killed_while_jobs_ended()
    {
        StartBackgroundCalls();
        await FillSilosAsync();
        var unawaited = await SubmitAsync(20, RandomGateway());
        foreach (var call in unawaited)
        {
            call.Disconnect();
        }

        Latch.Open();
        var victim = RandomSilo();
        victim.Kill();
        Print($"Killed {victim.Name} while jobs ended.");
        var listing = Clients.ListAsync(RandomGateway(), "where[lifecycle]=finished");
        await AuditAsync(Outcome.Lost | Outcome.Refused | Outcome.Disconnected);
        await listing;
        var jobs = Clients.All.Select(call => call.Answer.Result).Where(answer => answer.JobId is not null && answer.Outcome != Outcome.Refused)
            .DistinctBy(answer => answer.JobId).ToDictionary(answer => answer.JobId!, answer => StateOf(answer.Body));
        var listed = await Clients.ListAsync(RandomGateway(), "");
        Assert.Equal(listed.Count, listed.DistinctBy(row => row.Job).Count());
        Assert.Empty(jobs.Keys.Except(listed.Select(row => row.Job)));
        Assert.All(listed.Where(row => jobs.ContainsKey(row.Job)), row => Assert.Equal(jobs[row.Job], row.State));

        // A job that no client waits for, of this scenario or an earlier one, may end between two lists.
        var unfinished = listed.Where(row => row.State == "in_progress").Select(row => row.Job).ToHashSet();
        Assert.Equal(
            listed.Where(row => row.State == "success").Select(row => row.Job),
            (await Clients.ListAsync(RandomGateway(), "where[state]=success")).Select(row => row.Job).Where(job => !unfinished.Contains(job)));
        Assert.DoesNotContain(await Clients.ListAsync(RandomGateway(), "where[state]=in_progress"), row => jobs.ContainsKey(row.Job));
        Print($"{listed.Count} jobs are listed, {jobs.Count} of them of this scenario, {unfinished.Count} of them unfinished.");

        var ids = unawaited.Select(call => ScriptClients.JobOf(call.Location.Result)).ToHashSet();
        Assert.Equal(ids.Count, listed.Count(row => ids.Contains(row.Job)));
        await Eventually.TrueAsync(
            async () => !(await Clients.ListAsync(RandomGateway(), "where[state]=in_progress")).Any(row => ids.Contains(row.Job)),
            "the jobs that no client waits for have ended");
    }

    [ClusterFact]
    public async Task Jobs_of_a_serial_task_run_one_at_a_time_when_silos_are_killed()
    {
        StartBackgroundCalls();

        // It runs until its silo is killed.
        var running = Clients.CallSerial(RandomGateway(), seconds: 0, Latch.Name);
        Server[] victims = [];
        await Eventually.TrueAsync(
            () => (victims = [.. Cluster.Silos.Where(silo => RunningOn(silo).Contains(running))]).Length == 1, "one of the jobs runs");
        Call[] calls = [running, .. Enumerable.Range(0, 23).Select(_ => Clients.SubmitSerial(RandomGateway(), seconds: 0.5))];
        await Eventually.TrueAsync(() => calls.Skip(1).All(call => call.Location.IsCompletedSuccessfully), "the addresses of the others are known");
        victims[0].Kill();
        Print($"Killed {victims[0].Name}, which ran one of the jobs.");
        await Cluster.DeclaredDeadAsync(victims[0]);
        await Eventually.TrueAsync(() => calls.Count(call => !call.IsOpen) >= 10, "ten calls are answered");

        // The task's queue is in the memory of one of the two, and so are half of the waiting jobs.
        var next = Cluster.Silos.First(silo => silo != victims[0]);
        next.Kill();
        Print($"Killed {next.Name}.");
        await AuditAsync(Outcome.Lost, () =>
        {
            Assert.False(File.Exists(Cluster.OverlapsFile), "Two jobs ran at once.");
            Assert.InRange(calls.Count(call => call.Answer.Result.Outcome == Outcome.Lost), 1, 2);
        });
    }

    [ClusterFact]
    public async Task A_frozen_silo_that_resumes_changes_no_result()
    {
        StartBackgroundCalls();
        var calls = await FillSilosAsync();
        var frozen = RandomSilo();
        var running = RunningOn(frozen);
        frozen.Freeze();
        Print($"{frozen.Name} is frozen, with {running.Count} scripts.");
        await Cluster.DeclaredDeadAsync(frozen);
        Print("It is declared dead.");
        await AnsweredAsync(running, "the calls of the frozen silo");
        Print("Its calls are answered.");

        // Its scripts are not frozen and end now. It finds their results when it resumes.
        Latch.Open();
        await AnsweredAsync(calls, "all calls");
        var process = frozen.Process;
        frozen.Thaw();
        await Eventually.TrueAsync(() => process.HasExited, "the silo has learned that it was declared dead");
        Print("It resumed and ended.");
        foreach (var call in calls)
        {
            var answer = await call.Answer;
            Assert.Equal(answer.Body, await Clients.ReadResultAsync(RandomGateway(), answer.JobId!));
        }

        await AuditAsync(Outcome.Lost, () => Assert.All(running, call => Assert.Equal(Outcome.Lost, call.Answer.Result.Outcome)));
    }

    private static string StateOf(string body)
    {
        using var document = JsonDocument.Parse(body);
        return document.RootElement.GetProperty("state").GetString()!;
    }

    /// <summary>
    /// Kills silos and lets all jobs end when the calls whose scripts ran there are answered. When all calls are answered, the returned function tells how
    /// long after the kill the last job was resolved.
    /// </summary>
    private async Task<Func<TimeSpan>> KillAsync(params Server[] silos)
    {
        var running = silos.SelectMany(RunningOn).ToArray();
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

        Print($"Declared dead after {Stopwatch.GetElapsedTime(killed).TotalSeconds:F1} s.");
        await AnsweredAsync(running, "the calls whose scripts ran there");
        Print($"The calls whose scripts ran there were answered after {Stopwatch.GetElapsedTime(killed).TotalSeconds:F1} s.");
        Latch.Open();
        return () =>
        {
            var (after, count) = ResolvedJobs(killed);
            Print($"{count} jobs were attached to again and resolved, the last one after {after.TotalSeconds:F1} s.");
            return after;
        };
    }
}
