using System.Diagnostics;
using SyncCluster.Cluster.Tests.Processes;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>A silo that dies or freezes at each step of a call: the call is answered, and its job has run once.</summary>
public sealed class TheEyeSiloDeathTests(TheEyeCluster cluster, ITestOutputHelper output) : TheEyeScenario(cluster, output)
{
    /// <summary>Enough for each silo to have some of their jobs.</summary>
    private const int Half = 5;

    [ClusterFact]
    public async Task A_call_is_answered_when_a_silo_dies_while_TheEye_makes_its_job()
    {
        TheEyeTask[] tasks = [Cluster.AddTask(), Cluster.AddTask()];
        var unmade = Hold(Step.Create, FaultGate.BeforeActing(), Half, tasks[0].Id);
        var made = Hold(Step.Create, FaultGate.BeforeAnswering(), Half, tasks[1].Id);
        CallAll(Half, tasks[0]);
        CallAll(Half, tasks[1]);
        await ArrivedAsync(unmade, Half);
        await ArrivedAsync(made, Half);
        Kill(AnySilo());
        unmade.Open();
        made.Open();
        await SettleAsync(then: EachReleasedOnce(2 * Half));
    }

    [ClusterFact]
    public async Task A_call_is_answered_when_its_silo_dies_while_it_stores_the_job()
    {
        var writers = await CallWhileWritesWaitAsync(Cluster.AddTask());
        Kill(Cluster.Silos[0]);
        await Until.TrueAsync(async () => await Cluster.Redis.WaitingWritersAsync() < writers, "the dead silo's write is dropped");
        await Cluster.Redis.ResumeWritesAsync();
        await SettleAsync(then: EachReleasedOnce(2 * Half));
    }

    [ClusterFact]
    public async Task A_call_is_answered_when_its_silo_dies_with_the_release_under_way()
    {
        var task = Cluster.AddTask();
        var lost = Hold(Step.Synced, FaultGate.BeforeActing(), Half);
        var late = Hold(Step.Synced, FaultGate.BeforeActing(), Half);
        CallAll(2 * Half, task);
        await ArrivedAsync(lost, Half);
        await ArrivedAsync(late, Half);
        var silo = await HolderAsync();
        Kill(silo);
        lost.Open(Fault.ResetBefore());
        await Cluster.DeclaredDeadAsync(silo);
        Print("It is declared dead.");
        late.Open();
        await SettleAsync(then: EachReleasedOnce(2 * Half));
    }

    [ClusterFact]
    public async Task A_call_is_answered_when_its_silo_dies_before_it_knows_that_the_job_is_released()
    {
        var released = Hold(Step.Synced, FaultGate.BeforeAnswering(), 2 * Half);
        CallAll(2 * Half, Cluster.AddTask(HeldAsync));
        await ArrivedAsync(released, 2 * Half);
        Kill(await HolderAsync());
        released.Open();
        LetJobsEnd();
        await SettleAsync(then: EachReleasedOnce(2 * Half));
    }

    [ClusterFact]
    public async Task A_call_is_answered_when_its_silo_dies_while_the_job_runs()
    {
        var task = Cluster.AddTask(HeldAsync);
        CallAll(2 * Half, task);
        await Until.TrueAsync(() => JobsOf(task).Count(job => job.Runs > 0) == 2 * Half, "the jobs run");
        var silo = await HolderAsync();
        Kill(silo);
        LetJobsEnd();
        await Until.TrueAsync(() => JobsOf(task).All(job => job.HasEnded), "the jobs have ended, and nobody on the dead silo heard of it");
        await SettleAsync(then: EachReleasedOnce(2 * Half));
    }

    [ClusterFact]
    public async Task A_call_is_answered_when_its_silo_dies_while_it_fetches_the_answer()
    {
        var asked = Hold(Step.Job, FaultGate.BeforeActing(), Half);
        var fetched = Hold(Step.Job, FaultGate.BeforeAnswering(), Half);
        CallAll(2 * Half, Cluster.AddTask());
        await ArrivedAsync(asked, Half);
        await ArrivedAsync(fetched, Half);
        Kill(await HolderAsync());
        asked.Open();
        fetched.Open();
        await SettleAsync(then: EachReleasedOnce(2 * Half));
    }

    [ClusterFact]
    public async Task A_silo_that_is_frozen_before_it_releases_its_jobs_does_not_release_them_when_it_wakes_up()
    {
        var task = Cluster.AddTask();
        await CallWhileWritesWaitAsync(task);
        var frozen = Stopwatch.GetTimestamp();
        Cluster.Silos[0].Freeze();
        await Cluster.Redis.ResumeWritesAsync();
        await Cluster.DeclaredDeadAsync(Cluster.Silos[0]);
        var unreleased = JobsOf(task).Where(job => job.Lifecycle == "syncing").Select(job => job.Id).ToHashSet();
        Print($"{Cluster.Silos[0].Name} is declared dead, and {unreleased.Count} jobs are not released.");
        Assert.NotEmpty(unreleased);
        await AnsweredAsync(Clients.All, "all calls");
        await WakeAsync(Cluster.Silos[0]);
        await SettleAsync(then: () =>
        {
            EachReleasedOnce(2 * Half)();

            // For all that the others knew, its releases were under way: they have read those jobs more than once, and waited. One that it had not
            // stored yet is a new one to them, and read only when it has ended.
            var reads = JobsOf(task).ToDictionary(job => job.Id, job => job.Fetches);
            Assert.All(
                Clients.All.Select(call => call.Answer.Result).Where(answer => unreleased.Contains(answer.JobId!) && reads[answer.JobId!] > 1),
                answer => Assert.InRange(Stopwatch.GetElapsedTime(frozen, answer.At), TheEyeCluster.SettleTime, TimeSpan.MaxValue));
        });
    }

    [ClusterFact]
    public async Task A_silo_that_is_frozen_with_releases_under_way_does_not_repeat_them_when_it_wakes_up()
    {
        var gate = Hold(Step.Synced, FaultGate.BeforeActing(), 2 * Half);
        CallAll(2 * Half, Cluster.AddTask());
        await ArrivedAsync(gate, 2 * Half);
        var silo = await HolderAsync();
        silo.Freeze();
        gate.Open(Fault.ResetBefore());
        await Cluster.DeclaredDeadAsync(silo);
        Print($"{silo.Name} is declared dead.");
        await AnsweredAsync(Clients.All, "all calls");
        await WakeAsync(silo);
        await SettleAsync(then: EachReleasedOnce(2 * Half));
    }

    /// <summary>Has both silos store jobs, and Redis not do it yet; gives how many connections wait.</summary>
    private async Task<int> CallWhileWritesWaitAsync(TheEyeTask task)
    {
        await Cluster.Redis.PauseWritesAsync();
        CallAll(2 * Half, task);
        var writers = 0;
        await Until.TrueAsync(
            async () => JobsOf(task).Count == 2 * Half && (writers = await Cluster.Redis.WaitingWritersAsync()) >= Cluster.Silos.Count,
            "both silos have writes that wait");
        return writers;
    }

    private async Task WakeAsync(Server silo)
    {
        var process = silo.Process;
        silo.Thaw();
        await Until.TrueAsync(() => process.HasExited, "the silo has learned that it was declared dead");
        Print($"{silo.Name} woke up and ended.");
    }

    private Action EachReleasedOnce(int count) => () =>
    {
        var calls = Clients.All.Select(call => call.Id).ToHashSet();
        var jobs = TheEyeAccount.JobsOf(Cluster).Where(call => calls.Contains(call.Key)).SelectMany(call => call).ToArray();
        Assert.Equal(count, jobs.Length);
        Assert.All(jobs, job => Assert.Equal((job.Id, 1, 1), (job.Id, job.SyncedCalls, job.Runs)));
    };
}
