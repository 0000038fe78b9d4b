using System.Diagnostics;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>Something that the silos need goes away for a while: who waits gets an answer, and a call that is refused was not run.</summary>
public sealed class TheEyeOutageTests(TheEyeCluster cluster, ITestOutputHelper output) : TheEyeScenario(cluster, output)
{
    private const int Waiting = 20;
    private const int Concurrency = 32;
    private const int Fetches = 8;

    /// <summary>Longer than a read is tried again by itself.</summary>
    private static readonly TimeSpan SupervisorOutage = TimeSpan.FromSeconds(2);

    /// <summary>Longer than every timeout on the way to Redis, and than a silo's sign of life in the membership is old.</summary>
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(10);

    [ClusterFact]
    public async Task A_call_whose_message_is_lost_is_answered_when_the_supervisor_is_asked_next()
    {
        // The first calls of a cluster take their time without that.
        var task = Cluster.AddTask();
        await Task.WhenAll(CallAll(Waiting, task).Select(call => call.Answer));
        TheEye.Faults.Always(Step.Publish, Fault.Drop);
        var silent = CallAll(Waiting, task);
        await SettleAsync(then: () =>
        {
            var soonest = silent.Min(call => Stopwatch.GetElapsedTime(call.Begun, call.Answer.Result.At));
            Assert.InRange(soonest, 0.8 * TheEyeCluster.PollInterval, TimeSpan.MaxValue);
        });
    }

    [ClusterFact]
    public async Task Calls_are_answered_while_TheEyes_Redis_is_away_and_when_it_is_back()
    {
        var waiting = await WaitAsync();
        var load = await BeginAsync();
        await Cluster.TheEyesRedis.StopAsync();
        Print("TheEye's Redis is away.");
        LetJobsEnd();

        // The outage is defined by how long it is.
        await Task.Delay(Outage);
        await AnsweredAsync(waiting, "those who waited");
        await load.MoreAsync(1);
        await Cluster.TheEyesRedis.StartAsync();
        Print("TheEye's Redis is back.");
        await load.MoreAsync(300);
        load.Stop();
        await SettleAsync();
    }

    [ClusterFact]
    public Task Who_calls_is_answered_after_the_clusters_Redis_was_away() => OutageAsync(Cluster.Redis.StopAsync, Cluster.Redis.StartAsync);

    [ClusterFact]
    public Task Who_calls_is_answered_after_the_clusters_Redis_has_lost_what_it_was_about_to_store() => OutageAsync(
        () =>
        {
            Cluster.Redis.Freeze();
            return Task.CompletedTask;
        },
        async () =>
        {
            // They are told that it is not known whether their jobs were started.
            var asked = TheEye.Jobs.Count(IsAskedFor);
            Cluster.Redis.Kill();
            await Until.TrueAsync(() => TheEye.Jobs.Count(IsAskedFor) > asked, "a client that was put off asks for its job");
            await Cluster.Redis.StartAsync();
        });

    [ClusterFact]
    public async Task Calls_are_answered_when_the_supervisor_was_restarted()
    {
        var refused = Cluster.AddTask();
        var waiting = await WaitAsync();
        var load = await BeginAsync();
        for (var restarts = 0; restarts < 3; restarts++)
        {
            // Some answers are being fetched, and it stays away for longer than that is tried again.
            await ArrivedAsync(Hold(Step.Job, FaultGate.BeforeActing(), Fetches), Fetches);
            await TheEye.StopSupervisorAsync();
            Print("The supervisor is away.");

            // All calls of the load may have been made before.
            Assert.Equal(Outcome.Refused, (await Clients.Call(Cluster.Gateways[0], refused).Answer).Outcome);
            await Task.Delay(SupervisorOutage);
            await TheEye.StartSupervisorAsync();
            Print("The supervisor is back.");
            await load.MoreAsync(200);
        }

        LetJobsEnd();
        load.Stop();
        await SettleAsync(Outcome.Refused, () => Assert.All(waiting, call => Assert.Equal(Outcome.Right, call.Answer.Result.Outcome)));
    }

    private static bool IsAskedFor(JobSnapshot job) => job is { Lifecycle: "syncing", Fetches: > 0 };

    private async Task OutageAsync(Func<Task> stop, Func<Task> start)
    {
        var waiting = await WaitAsync();
        var load = await BeginAsync();
        await stop();
        Print("The cluster's Redis is away.");
        LetJobsEnd();

        // The outage is defined by how long it is.
        await Task.Delay(Outage);
        Assert.All(waiting, call => Assert.True(call.IsOpen));
        await start();
        Print("The cluster's Redis is back.");
        await load.MoreAsync(300);
        load.Stop();
        await SettleAsync(Outcome.Refused | Outcome.Canceled, () => Assert.All(waiting, call => Assert.Equal(Outcome.Right, call.Answer.Result.Outcome)));
    }

    /// <summary>Calls whose jobs run until they are let end.</summary>
    private async Task<IReadOnlyList<Call>> WaitAsync()
    {
        var task = Cluster.AddTask(HeldAsync);
        var calls = CallAll(Waiting, task);
        await Until.TrueAsync(() => JobsOf(task).Count(job => job.Runs > 0) == Waiting, "the jobs run");
        return calls;
    }

    private async Task<TheEyeLoad> BeginAsync()
    {
        var load = new TheEyeLoad(Cluster, Clients, Cluster.AddTask(), concurrency: Concurrency);
        await load.MoreAsync(300);
        return load;
    }
}
