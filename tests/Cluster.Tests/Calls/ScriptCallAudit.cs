using SyncCluster.Cluster.Tests.Clusters;

namespace SyncCluster.Cluster.Tests.Calls;

/// <summary>Compares the answers of a scenario's calls with the runs that their scripts have recorded.</summary>
internal static class ScriptCallAudit
{
    /// <summary>Prints the outcomes, and fails the test where an answer is neither right nor allowed.</summary>
    public static void Check(ScriptCluster cluster, ScriptClients clients, Outcome allowed, IReadOnlySet<int> killed, ITestOutputHelper output)
    {
        var calls = clients.All.ToArray();
        var runs = ScriptRun.All(cluster);
        var runsOf = runs.ToLookup(run => run.CallId);
        var audit = new CallAudit(calls, allowed);

        output.WriteLine($"{audit.Summary}; {calls.Count(call => !call.Attaches && runsOf.Contains(call.Id))} of {calls.Count(call => call is { Attaches: false, RunsScript: true })} scripts ran.");
        audit.Add("scripts ran twice", runs.CountBy(run => run.CallId).Where(count => count.Value > 1).Select(count => count.Key));
        foreach (var call in calls.Where(call => !call.Attaches && call.Answer.Result.Outcome == Outcome.Refused))
        {
            cluster.RefusedCalls[call.Id] = CallAudit.Describe(call);
        }

        audit.Add("were refused, and ran", cluster.RefusedCalls.Where(call => runsOf.Contains(call.Key)).Select(call => call.Value));
        audit.Add("were answered right, and did not run exactly once", Outcome.Right, call => runsOf[call.Id].Count() != (call.RunsScript ? 1 : 0));
        audit.Add("are reported as lost, and their server was not killed", Outcome.Lost, call => killed.Count == 0 || runsOf[call.Id].Any(run => !killed.Any(run.IsOn)));
        audit.AddCommonViolations(killed);
        audit.AssertClean();
    }
}
