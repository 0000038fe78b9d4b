using System.Diagnostics;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>
/// A server that the silos need is down for a while: open calls are answered, and refused ones were not run. It takes real redis-servers, which can be
/// stopped, frozen and killed.
/// </summary>
public sealed class TheEyeOutageTests(TheEyeCluster cluster, ITestOutputHelper output) : TheEyeScenario(cluster, output)
{
    private const int Waiting = 20;
    private const int Concurrency = 32;
    private const int Fetches = 8;

    /// <summary>Longer than a silo retries a read.</summary>
    private static readonly TimeSpan SupervisorOutage = TimeSpan.FromSeconds(2);

    /// <summary>Longer than every timeout of the requests to Redis, and than the interval at which silos update their entries in the membership.</summary>
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(10);

    [ClusterFact]
    public async Task A_call_whose_completion_message_is_lost_is_answered_at_the_next_poll()
    {
        // The first calls of a cluster are slow anyway.
        var task = Cluster.AddTask();
        await Task.WhenAll(CallAll(Waiting, task).Select(call => call.Answer));
        TheEye.Faults.Always(Step.Publish, Fault.Drop);
        var silent = CallAll(Waiting, task);
        await AuditAsync(then: () =>
        {
            var soonest = silent.Min(call => Stopwatch.GetElapsedTime(call.Begun, call.Answer.Result.At));
            Assert.InRange(soonest, 0.8 * TheEyeCluster.PollInterval, TimeSpan.MaxValue);
        });
    }

    [ClusterFact]
    public async Task Calls_are_answered_while_TheEyes_Redis_is_down_and_when_it_is_up_again()
    {
        var waiting = await CallWaitingAsync();
        var load = await StartLoadAsync();
        await Cluster.TheEyesRedis.StopAsync();
        Print("TheEye's Redis is down.");
        LetJobsEnd();

        // The length of the outage is what is tested.
        await Task.Delay(Outage);
        await AnsweredAsync(waiting, "the open calls");
        await load.MoreAsync(1);
        await Cluster.TheEyesRedis.StartAsync();
        Print("TheEye's Redis is up again.");
        await load.MoreAsync(300);
        load.Stop();
        await AuditAsync();
    }

    [ClusterFact]
    public Task Calls_are_answered_after_the_clusters_Redis_was_down() => OutageAsync(Cluster.Redis.StopAsync, () => Cluster.Redis.StartAsync());

    [ClusterFact]
    public Task Calls_are_answered_after_the_clusters_Redis_has_lost_writes() => OutageAsync(
        () =>
        {
            Cluster.Redis.Freeze();
            return Task.CompletedTask;
        },
        async () =>
        {
            // The answer says that it is not known whether the job was started.
            var asked = TheEye.Jobs.Count(IsAskedFor);
            Cluster.Redis.Kill();
            await Eventually.TrueAsync(() => TheEye.Jobs.Count(IsAskedFor) > asked, "a client asks for its job");
            await Cluster.Redis.StartAsync();
        });

    [ClusterFact]
    public async Task Calls_are_answered_after_the_supervisor_was_restarted()
    {
        var refused = Cluster.AddTask();
        var waiting = await CallWaitingAsync();
        var load = await StartLoadAsync();
        for (var restarts = 0; restarts < 3; restarts++)
        {
            // Some results are being fetched, and the supervisor stays down for longer than that is retried.
            await ArrivedAsync(Hold(Step.Job, FaultGate.BeforeActing(), Fetches), Fetches);
            await TheEye.StopSupervisorAsync();
            Print("The supervisor is down.");

            // The load may have no call left that is refused.
            Assert.Equal(Outcome.Refused, (await Clients.Call(Cluster.Gateways[0], refused).Answer).Outcome);
            await Task.Delay(SupervisorOutage);
            await TheEye.StartSupervisorAsync();
            Print("The supervisor is up again.");
            await load.MoreAsync(200);
        }

        LetJobsEnd();
        load.Stop();
        await AuditAsync(Outcome.Refused, () => Assert.All(waiting, call => Assert.Equal(Outcome.Right, call.Answer.Result.Outcome)));
    }

    private static bool IsAskedFor(JobSnapshot job) => job is { Lifecycle: "syncing", Fetches: > 0 };

    private async Task OutageAsync(Func<Task> stop, Func<Task> start)
    {
        var waiting = await CallWaitingAsync();
        var load = await StartLoadAsync();
        await stop();
        Print("The cluster's Redis is down.");
        LetJobsEnd();

        // The length of the outage is what is tested.
        await Task.Delay(Outage);
        Assert.All(waiting, call => Assert.True(call.IsOpen));
        await start();
        Print("The cluster's Redis is up again.");
        await load.MoreAsync(300);
        load.Stop();
        await AuditAsync(Outcome.Refused | Outcome.Canceled, () => Assert.All(waiting, call => Assert.Equal(Outcome.Right, call.Answer.Result.Outcome)));
    }

    /// <summary>Makes calls whose jobs run until <see cref="TheEyeScenario.LetJobsEnd"/>.</summary>
    private async Task<IReadOnlyList<Call>> CallWaitingAsync()
    {
        var task = Cluster.AddTask(JobsMayEndAsync);
        var calls = CallAll(Waiting, task);
        await Eventually.TrueAsync(() => JobsOf(task).Count(job => job.Runs > 0) == Waiting, "the jobs run");
        return calls;
    }

    private async Task<TheEyeLoad> StartLoadAsync()
    {
        var load = new TheEyeLoad(Cluster, Clients, Cluster.AddTask(), concurrency: Concurrency);
        await load.MoreAsync(300);
        return load;
    }
}
