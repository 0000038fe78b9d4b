using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>
/// A gateway dies with a job that TheEye has created for it and that no other process knows. It takes real processes: the gateway gets SIGKILL in the
/// middle of a request, and TestingHost starts no gateways.
/// </summary>
public sealed class TheEyeGatewayDeathTests(TheEyeCluster cluster, ITestOutputHelper output) : TheEyeScenario(cluster, output)
{
    private const int Count = 4;

    [ClusterFact]
    public async Task A_job_created_for_a_gateway_that_died_does_not_run_and_the_call_can_be_repeated()
    {
        var task = Cluster.AddTask();
        var (killed, other) = (Cluster.Gateways[0], Cluster.Gateways[1]);
        var created = Hold(Step.Create, FaultGate.BeforeAnswering(), Count, task.Id);
        Call[] calls = [.. Enumerable.Range(0, Count).Select(_ => Clients.Call(killed, task))];
        await ArrivedAsync(created, Count);
        Kill(killed);
        created.Open();
        await AnsweredAsync(calls, "the calls at the dead gateway");
        Assert.All(calls, call => Assert.Equal(Outcome.Unknown, call.Answer.Result.Outcome));
        Call[] repeated = [.. calls.Select(_ => Clients.Call(other, task))];
        await AuditAsync(Outcome.Unknown, () =>
        {
            Assert.All(repeated, call => Assert.Equal(Outcome.Right, call.Answer.Result.Outcome));
            var jobs = TheEyeCallAudit.JobsOf(Cluster);
            Assert.All(calls, call => Assert.Equal(("syncing", 0), (jobs[call.Id].Single().Lifecycle, jobs[call.Id].Single().SyncedCalls)));
        });
    }
}
