using System.Diagnostics;
using System.Text;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Load;

/// <summary>Where a script was run: its call and the processes above it, one of which is its silo.</summary>
internal sealed record Run(string Id, int Parent, int Grandparent)
{
    public static IReadOnlyList<Run> All(ProcessCluster cluster)
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
    private const int Shown = 8;

    /// <summary>Prints it, and fails where anything is neither right nor allowed.</summary>
    public static void Settle(ProcessCluster cluster, Clients clients, Outcome allowed, IReadOnlySet<int> killed, ITestOutputHelper output)
    {
        var calls = clients.All.ToArray();
        var runs = Run.All(cluster);
        var ran = runs.ToLookup(run => run.Id);
        var faults = new StringBuilder();

        output.WriteLine(Summary(calls, ran));
        Fail("scripts ran twice", runs.CountBy(run => run.Id).Where(count => count.Value > 1).Select(count => count.Key));
        foreach (var call in calls.Where(call => !call.Joins && call.Answer.Result.Outcome == Outcome.Refused))
        {
            cluster.Refused[call.Id] = Show(call);
        }

        Fail("were refused, and ran", cluster.Refused.Where(call => ran.Contains(call.Key)).Select(call => call.Value));
        Fail("were answered right, and did not run just once", Having(Outcome.Right, call => ran[call.Id].Count() != (call.RunsScript ? 1 : 0)));
        Fail("are said to be lost, and their server was not killed", Having(Outcome.Lost, call => killed.Count == 0 || ran[call.Id].Any(run => !killed.Any(run.IsOn))));
        Fail("have lost their gateway, which was not killed", Having(Outcome.Unknown, call => !killed.Contains(call.Answer.Result.Gateway)));
        Fail("got an outcome that is not allowed here", calls.Where(call => (call.Answer.Result.Outcome & ~(allowed | Outcome.Right)) != 0).Select(Show));
        Fail("were put off, which is not allowed here", calls.Where(call => call.PutOff > 0 && !allowed.HasFlag(Outcome.Refused)).Select(Show));
        Fail("jobs have two answers", calls.Where(call => call.Answer.Result.JobId is not null)
            .GroupBy(call => call.Answer.Result.JobId, call => call.Answer.Result.Body).Where(job => job.Distinct().Count() > 1).Select(job => string.Join(" | ", job.Distinct())));
        Assert.True(faults.Length == 0, faults.ToString());

        IEnumerable<string> Having(Outcome outcome, Func<Call, bool> isWrong) =>
            calls.Where(call => call.Answer.Result.Outcome == outcome && isWrong(call)).Select(Show);

        void Fail(string what, IEnumerable<string> which)
        {
            var all = which.ToArray();
            if (all.Length > 0)
            {
                faults.AppendLine($"{all.Length} {what}:\n  {string.Join("\n  ", all.Take(Shown))}");
            }
        }
    }

    private static string Summary(Call[] calls, ILookup<string, Run> ran)
    {
        var own = calls.Where(call => !call.Joins).ToArray();
        var outcomes = calls.CountBy(call => call.Answer.Result.Outcome).OrderBy(count => count.Key).Select(count => $"{count.Value} {count.Key}");
        var slowest = calls.Length == 0 ? TimeSpan.Zero : calls.Max(call => Stopwatch.GetElapsedTime(call.Begun, call.Answer.Result.At));
        return $"{own.Length} calls and {calls.Length - own.Length} that joined = {string.Join(" + ", outcomes)}; "
            + $"{own.Count(call => ran.Contains(call.Id))} of {own.Count(call => call.RunsScript)} scripts ran; "
            + $"{calls.Count(call => call.PutOff > 0)} were put off {calls.Sum(call => call.PutOff)} times; the slowest took {slowest.TotalSeconds:F1} s.";
    }

    private static string Show(Call call)
    {
        var answer = call.Answer.Result;
        return $"{call.Id} after {Stopwatch.GetElapsedTime(call.Begun, answer.At).TotalSeconds:F1} s, put off {call.PutOff} times: {answer.Outcome} {answer.Status} {answer.Body}";
    }
}
