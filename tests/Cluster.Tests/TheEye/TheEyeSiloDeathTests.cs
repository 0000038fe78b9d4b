using System.Diagnostics;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>
/// A silo dies or freezes at each step of a call: the call is answered, and its job runs once. It takes real processes: a TestingHost cluster stops its silos
/// in an orderly way and can't freeze one.
/// </summary>
public sealed class TheEyeSiloDeathTests(TheEyeCluster cluster, ITestOutputHelper output) : TheEyeScenario(cluster, output)
{
    /// <summary>Enough calls for each silo to have some of their jobs.</summary>
    private const int Half = 5;

    [ClusterFact]
    public async Task A_call_is_answered_when_a_silo_dies_while_TheEye_creates_its_job()
    {
        TheEyeTask[] tasks = [Cluster.AddTask(), Cluster.AddTask()];
        var before = Hold(Step.Create, FaultGate.BeforeActing(), Half, tasks[0].Id);
        var after = Hold(Step.Create, FaultGate.BeforeAnswering(), Half, tasks[1].Id);
        CallAll(Half, tasks[0]);
        CallAll(Half, tasks[1]);
        await ArrivedAsync(before, Half);
        await ArrivedAsync(after, Half);
        Kill(RandomSilo());
        before.Open();
        after.Open();
        await AuditAsync(then: EachReleasedOnce(2 * Half));
    }

    [ClusterFact]
    public async Task A_call_is_answered_when_its_silo_dies_while_it_stores_the_job()
    {
        var writers = await CallWhileWritesAreDelayedAsync(Cluster.AddTask());
        Kill(Cluster.Silos[0]);
        await Eventually.TrueAsync(async () => await Cluster.Redis.DelayedWritersAsync() < writers, "the write of the dead silo is dropped");
        await Cluster.Redis.ResumeWritesAsync();
        await AuditAsync(then: EachReleasedOnce(2 * Half));
    }

    [ClusterFact]
    public async Task A_call_is_answered_when_its_silo_dies_during_the_release()
    {
        var task = Cluster.AddTask();
        var lost = Hold(Step.Synced, FaultGate.BeforeActing(), Half);
        var late = Hold(Step.Synced, FaultGate.BeforeActing(), Half);
        CallAll(2 * Half, task);
        await ArrivedAsync(lost, Half);
        await ArrivedAsync(late, Half);
        var silo = await BusiestSiloAsync();
        Kill(silo);
        lost.Open(Fault.ResetBefore());
        await Cluster.DeclaredDeadAsync(silo);
        Print("It is declared dead.");
        late.Open();
        await AuditAsync(then: EachReleasedOnce(2 * Half));
    }

    [ClusterFact]
    public async Task A_call_is_answered_when_its_silo_dies_before_it_knows_that_the_job_is_released()
    {
        var released = Hold(Step.Synced, FaultGate.BeforeAnswering(), 2 * Half);
        CallAll(2 * Half, Cluster.AddTask(JobsMayEndAsync));
        await ArrivedAsync(released, 2 * Half);
        Kill(await BusiestSiloAsync());
        released.Open();
        LetJobsEnd();
        await AuditAsync(then: EachReleasedOnce(2 * Half));
    }

    [ClusterFact]
    public async Task A_call_is_answered_when_its_silo_dies_while_the_job_runs()
    {
        var task = Cluster.AddTask(JobsMayEndAsync);
        CallAll(2 * Half, task);
        await Eventually.TrueAsync(() => JobsOf(task).Count(job => job.Runs > 0) == 2 * Half, "the jobs run");
        var silo = await BusiestSiloAsync();
        Kill(silo);
        LetJobsEnd();
        await Eventually.TrueAsync(() => JobsOf(task).All(job => job.HasEnded), "the jobs have ended, which the dead silo can't hear");
        await AuditAsync(then: EachReleasedOnce(2 * Half));
    }

    [ClusterFact]
    public async Task A_call_is_answered_when_its_silo_dies_while_it_fetches_the_answer()
    {
        var asked = Hold(Step.Job, FaultGate.BeforeActing(), Half);
        var fetched = Hold(Step.Job, FaultGate.BeforeAnswering(), Half);
        CallAll(2 * Half, Cluster.AddTask());
        await ArrivedAsync(asked, Half);
        await ArrivedAsync(fetched, Half);
        Kill(await BusiestSiloAsync());
        asked.Open();
        fetched.Open();
        await AuditAsync(then: EachReleasedOnce(2 * Half));
    }

    [ClusterFact]
    public async Task A_silo_that_is_frozen_before_it_releases_its_jobs_does_not_release_them_when_it_resumes()
    {
        var task = Cluster.AddTask();
        await CallWhileWritesAreDelayedAsync(task);
        var frozen = Stopwatch.GetTimestamp();
        Cluster.Silos[0].Freeze();
        await Cluster.Redis.ResumeWritesAsync();
        await Cluster.DeclaredDeadAsync(Cluster.Silos[0]);
        var unreleased = JobsOf(task).Where(job => job.Lifecycle == "syncing").Select(job => job.Id).ToHashSet();
        Print($"{Cluster.Silos[0].Name} is declared dead, and {unreleased.Count} jobs are not released.");
        Assert.NotEmpty(unreleased);
        var asked = new HashSet<string>();
        await Eventually.TrueAsync(
            () =>
            {
                asked.UnionWith(JobsOf(task).Where(job => job is { Lifecycle: "syncing", Fetches: > 0 }).Select(job => job.Id));
                return Clients.All.All(call => !call.IsOpen);
            },
            "all calls are answered");
        await ResumeAsync(Cluster.Silos[0]);
        await AuditAsync(then: () =>
        {
            EachReleasedOnce(2 * Half)();

            // The other silo could not know whether the releases would still take effect: it has read those jobs before it released them, and waited.
            // A job that was not stored yet is new to the other silo, which reads it only when it has ended.
            Assert.All(
                Clients.All.Select(call => call.Answer.Result).Where(answer => unreleased.Contains(answer.JobId!) && asked.Contains(answer.JobId!)),
                answer => Assert.InRange(Stopwatch.GetElapsedTime(frozen, answer.At), TheEyeCluster.SettleTime, TimeSpan.MaxValue));
        });
    }

    [ClusterFact]
    public async Task A_silo_that_is_frozen_during_its_releases_does_not_repeat_them_when_it_resumes()
    {
        var gate = Hold(Step.Synced, FaultGate.BeforeActing(), 2 * Half);
        CallAll(2 * Half, Cluster.AddTask());
        await ArrivedAsync(gate, 2 * Half);
        var silo = await BusiestSiloAsync();
        silo.Freeze();
        gate.Open(Fault.ResetBefore());
        await Cluster.DeclaredDeadAsync(silo);
        Print($"{silo.Name} is declared dead.");
        await AnsweredAsync(Clients.All, "all calls");
        await ResumeAsync(silo);
        await AuditAsync(then: EachReleasedOnce(2 * Half));
    }

    /// <summary>Makes calls whose jobs both silos store while Redis delays all writes; gives how many connections have one.</summary>
    private async Task<int> CallWhileWritesAreDelayedAsync(TheEyeTask task)
    {
        await Cluster.Redis.PauseWritesAsync();
        CallAll(2 * Half, task);
        var writers = 0;
        await Eventually.TrueAsync(
            async () => JobsOf(task).Count == 2 * Half && (writers = await Cluster.Redis.DelayedWritersAsync()) >= Cluster.Silos.Count,
            "both silos have delayed writes");
        return writers;
    }

    private async Task ResumeAsync(Server silo)
    {
        var process = silo.Process;
        silo.Thaw();
        await Eventually.TrueAsync(() => process.HasExited, "the silo has learned that it was declared dead");
        Print($"{silo.Name} resumed and ended.");
    }

    /// <summary>Checks that each job was released once and has run once.</summary>
    private Action EachReleasedOnce(int count) => () =>
    {
        var calls = Clients.All.Select(call => call.Id).ToHashSet();
        var jobs = TheEyeCallAudit.JobsOf(Cluster).Where(call => calls.Contains(call.Key)).SelectMany(call => call).ToArray();
        Assert.Equal(count, jobs.Length);
        Assert.All(jobs, job => Assert.Equal((job.Id, 1, 1), (job.Id, job.SyncedCalls, job.Runs)));
    };
}
