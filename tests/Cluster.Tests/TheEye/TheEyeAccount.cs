using System.Text.Json;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>What became of each call of a scenario, against what TheEye knows of its job.</summary>
internal sealed class TheEyeAccount
{
    private readonly TheEyeCluster _cluster;
    private readonly int _runTwice;
    private readonly int _savedOver;
    private readonly int _removedUnfetched;

    /// <summary>Opens the account: what was counted before is not of this scenario.</summary>
    public TheEyeAccount(TheEyeCluster cluster) => (_cluster, _runTwice, _savedOver, _removedUnfetched) =
        (cluster, cluster.TheEye.Counters.RunTwice, cluster.TheEye.Counters.SavedOver, cluster.TheEye.Counters.RemovedUnfetched);

    private Counters Counters => _cluster.TheEye.Counters;

    /// <summary>The jobs of TheEye by the id of the call that they are of.</summary>
    public static ILookup<string, JobSnapshot> JobsOf(TheEyeCluster cluster) => cluster.TheEye.Jobs.ToLookup(job => CallOf(job));

    /// <summary>Prints it, and fails where anything is neither right nor allowed.</summary>
    /// <param name="clients">Whose calls.</param>
    /// <param name="allowed">What may have come of a call beside the right answer.</param>
    /// <param name="output">Where it is printed.</param>
    public void Settle(TheEyeClients clients, Outcome allowed, ITestOutputHelper output)
    {
        var calls = clients.All.ToArray();
        var jobs = JobsOf(_cluster);
        var findings = new Findings(calls, allowed);
        var removed = Counters.RemovedUnfetched - _removedUnfetched;

        output.WriteLine(
            $"{findings.Summary}; {calls.Sum(call => Runs(call.Id))} runs, {Counters.RunTwice - _runTwice} jobs run twice, {removed} removed before they were read.");
        foreach (var (why, count) in calls.Where(call => call.Answer.Result.Outcome == Outcome.Refused).CountBy(call => $"{call.Answer.Result.Status} {MessageOf(call)}"))
        {
            output.WriteLine($"  {count} refused: {why}");
        }

        foreach (var call in calls.Where(call => call.Answer.Result.Outcome is Outcome.Refused or Outcome.Canceled))
        {
            _cluster.Refused[call.Id] = Findings.Show(call);
        }

        findings.Add("jobs have been run twice", jobs.SelectMany(call => call).Where(job => job.Runs > 1).Select(job => $"{job.Id} of {CallOf(job)}"));
        findings.Add("were refused, and ran", _cluster.Refused.Where(call => Runs(call.Key) > 0).Select(call => call.Value));
        findings.Add("were answered right, and did not run just once", Outcome.Right, call => Runs(call.Id) != 1);
        findings.Add("are said to be removed, and were not", Outcome.Removed, call => !jobs[call.Id].Single().Removed);
        findings.AddWhatNoneMayHave(_cluster.Servers.SelectMany(server => server.Killed).ToHashSet());
        findings.AssertNone();
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
