using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Load;

/// <summary>Where a script was run: its call and the processes above it, one of which is its silo.</summary>
internal sealed record Run(string Id, int Parent, int Grandparent)
{
    public static IReadOnlyList<Run> All(ScriptCluster cluster)
    {
        using var file = new FileStream(cluster.RanFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    public bool IsOn(Server silo) => IsOn(silo.Process.Id);

    public bool IsOn(int silo) => silo == Parent || silo == Grandparent;

    private static Run Parse(string line)
    {
        var words = line.Split(' ');
        return new(words[0], int.Parse(words[1], null), int.Parse(words[2], null));
    }
}

/// <summary>What became of each call of a scenario, against what its scripts have left on disk.</summary>
internal static class Account
{
    /// <summary>Prints it, and fails where anything is neither right nor allowed.</summary>
    public static void Settle(ScriptCluster cluster, ScriptClients clients, Outcome allowed, IReadOnlySet<int> killed, ITestOutputHelper output)
    {
        var calls = clients.All.ToArray();
        var runs = Run.All(cluster);
        var ran = runs.ToLookup(run => run.Id);
        var findings = new Findings(calls, allowed);

        output.WriteLine($"{findings.Summary}; {calls.Count(call => !call.Joins && ran.Contains(call.Id))} of {calls.Count(call => call is { Joins: false, RunsScript: true })} scripts ran.");
        findings.Add("scripts ran twice", runs.CountBy(run => run.Id).Where(count => count.Value > 1).Select(count => count.Key));
        foreach (var call in calls.Where(call => !call.Joins && call.Answer.Result.Outcome == Outcome.Refused))
        {
            cluster.Refused[call.Id] = Findings.Show(call);
        }

        findings.Add("were refused, and ran", cluster.Refused.Where(call => ran.Contains(call.Key)).Select(call => call.Value));
        findings.Add("were answered right, and did not run just once", Outcome.Right, call => ran[call.Id].Count() != (call.RunsScript ? 1 : 0));
        findings.Add("are said to be lost, and their server was not killed", Outcome.Lost, call => killed.Count == 0 || ran[call.Id].Any(run => !killed.Any(run.IsOn)));
        findings.AddWhatNoneMayHave(killed);
        findings.AssertNone();
    }
}
