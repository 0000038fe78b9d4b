using System.Text.Json;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>Compares the answers of a scenario's calls with what TheEye has recorded of their jobs.</summary>
internal sealed class TheEyeCallAudit
{
    private readonly TheEyeCluster _cluster;
    private readonly int _runTwice;
    private readonly int _savedOver;
    private readonly int _removedUnfetched;

    /// <summary>Begins the audit: what was counted before belongs to other scenarios.</summary>
    public TheEyeCallAudit(TheEyeCluster cluster) => (_cluster, _runTwice, _savedOver, _removedUnfetched) =
        (cluster, cluster.TheEye.Counters.RunTwice, cluster.TheEye.Counters.SavedOver, cluster.TheEye.Counters.RemovedUnfetched);

    private Counters Counters => _cluster.TheEye.Counters;

    /// <summary>The jobs of TheEye by the id of their call.</summary>
    public static ILookup<string, JobSnapshot> JobsOf(TheEyeCluster cluster) => cluster.TheEye.Jobs.ToLookup(job => CallOf(job));

    /// <summary>Prints the outcomes, and fails the test where an answer is neither right nor allowed.</summary>
    /// <param name="clients">The clients of the scenario.</param>
    /// <param name="allowed">The outcomes that are allowed beside the right answer.</param>
    /// <param name="output">Where they are printed.</param>
    public void Check(TheEyeClients clients, Outcome allowed, ITestOutputHelper output)
    {
        var calls = clients.All.ToArray();
        var jobs = JobsOf(_cluster);
        var audit = new CallAudit(calls, allowed);
        var removed = Counters.RemovedUnfetched - _removedUnfetched;

        output.WriteLine(
            $"{audit.Summary}; {calls.Sum(call => Runs(call.Id))} runs, {Counters.RunTwice - _runTwice} jobs ran twice, {removed} were removed before they were read.");
        foreach (var (why, count) in calls.Where(call => call.Answer.Result.Outcome == Outcome.Refused).CountBy(call => $"{call.Answer.Result.Status} {MessageOf(call)}"))
        {
            output.WriteLine($"  {count} refused: {why}");
        }

        foreach (var call in calls.Where(call => call.Answer.Result.Outcome is Outcome.Refused or Outcome.Canceled))
        {
            _cluster.RefusedCalls[call.Id] = CallAudit.Describe(call);
        }

        audit.Add("jobs ran twice", jobs.SelectMany(call => call).Where(job => job.Runs > 1).Select(job => $"{job.Id} of {CallOf(job)}"));
        audit.Add("were refused, and ran", _cluster.RefusedCalls.Where(call => Runs(call.Key) > 0).Select(call => call.Value));
        audit.Add("were answered right, and did not run exactly once", Outcome.Right, call => Runs(call.Id) != 1);
        audit.Add("are reported as removed, and were not", Outcome.Removed, call => !jobs[call.Id].Single().Removed);
        audit.AddCommonViolations(_cluster.Servers.SelectMany(server => server.KilledProcesses).ToHashSet());
        audit.AssertClean();
        Assert.Equal((0, 0), (Counters.RunTwice - _runTwice, Counters.SavedOver - _savedOver));
        Assert.InRange(calls.Count(call => call.Answer.Result.Outcome == Outcome.Removed), 0, removed);

        int Runs(string call) => jobs[call].Sum(job => job.Runs);
    }

    private static string CallOf(JobSnapshot job)
    {
        using var body = JsonDocument.Parse(job.LastBody);
        return body.RootElement.GetProperty("task_arguments")[0].GetString()!;
    }

    private static string MessageOf(Call call)
    {
        using var problem = JsonDocument.Parse(call.Answer.Result.Body);
        return problem.RootElement.GetProperty("message").GetString()!;
    }
}
