using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>A gateway that dies with a job that TheEye has made for it, and of which nobody else knows.</summary>
public sealed class TheEyeGatewayDeathTests(TheEyeCluster cluster, ITestOutputHelper output) : TheEyeScenario(cluster, output)
{
    private const int Count = 4;

    [ClusterFact]
    public async Task A_job_that_was_made_for_a_gateway_that_died_is_not_run_and_the_call_can_be_repeated()
    {
        var task = Cluster.AddTask();
        var (killed, other) = (Cluster.Gateways[0], Cluster.Gateways[1]);
        var made = Hold(Step.Create, FaultGate.BeforeAnswering(), Count);
        Call[] calls = [.. Enumerable.Range(0, Count).Select(_ => Clients.Call(killed, task))];
        await ArrivedAsync(made, Count);
        Kill(killed);
        made.Open();
        await AnsweredAsync(calls, "the calls at the dead gateway");
        Assert.All(calls, call => Assert.Equal(Outcome.Unknown, call.Answer.Result.Outcome));
        Call[] repeated = [.. calls.Select(_ => Clients.Call(other, task))];
        await SettleAsync(Outcome.Unknown, () =>
        {
            Assert.All(repeated, call => Assert.Equal(Outcome.Right, call.Answer.Result.Outcome));
            var jobs = TheEyeAccount.JobsOf(Cluster);
            Assert.All(calls, call => Assert.Equal(("syncing", 0), (jobs[call.Id].Single().Lifecycle, jobs[call.Id].Single().SyncedCalls)));
        });
    }
}
