using System.Diagnostics;
using System.Text;

namespace SyncCluster.Cluster.Tests.Load;

/// <summary>What is wrong with an account of calls that all have their answers.</summary>
/// <param name="calls">All of the scenario.</param>
/// <param name="allowed">What may have come of a call beside the right answer.</param>
internal sealed class Findings(IReadOnlyCollection<Call> calls, Outcome allowed)
{
    private const int Shown = 8;

    private readonly StringBuilder _text = new();

    /// <summary>How many calls have had which outcome.</summary>
    public string Summary
    {
        get
        {
            var outcomes = calls.CountBy(call => call.Answer.Result.Outcome).OrderBy(count => count.Key).Select(count => $"{count.Value} {count.Key}");
            var slowest = calls.Count == 0 ? TimeSpan.Zero : calls.Max(call => Stopwatch.GetElapsedTime(call.Begun, call.Answer.Result.At));
            return $"{calls.Count(call => !call.Joins)} calls and {calls.Count(call => call.Joins)} that joined = {string.Join(" + ", outcomes)}; "
                + $"{calls.Count(call => call.PutOff > 0)} were put off {calls.Sum(call => call.PutOff)} times; the slowest took {slowest.TotalSeconds:F1} s";
        }
    }

    public static string Show(Call call)
    {
        var answer = call.Answer.Result;
        return $"{call.Id} after {Stopwatch.GetElapsedTime(call.Begun, answer.At).TotalSeconds:F1} s, put off {call.PutOff} times: {answer.Outcome} {answer.Status} {answer.Body}";
    }

    public void Add(string what, IEnumerable<string> which)
    {
        var all = which.ToArray();
        if (all.Length > 0)
        {
            _text.AppendLine($"{all.Length} {what}:\n  {string.Join("\n  ", all.Take(Shown))}");
        }
    }

    /// <summary>The calls of an outcome that it is wrong for.</summary>
    public void Add(string what, Outcome outcome, Func<Call, bool> isWrong) =>
        Add(what, calls.Where(call => call.Answer.Result.Outcome == outcome && isWrong(call)).Select(Show));

    /// <summary>What is wrong wherever the jobs run.</summary>
    /// <param name="killed">The processes that were killed.</param>
    public void AddWhatNoneMayHave(IReadOnlySet<int> killed)
    {
        Add("have lost their gateway, which was not killed", Outcome.Unknown, call => !killed.Contains(call.Answer.Result.Gateway));
        Add("got an outcome that is not allowed here", calls.Where(call => (call.Answer.Result.Outcome & ~(allowed | Outcome.Right)) != 0).Select(Show));
        Add("were put off, which is not allowed here", calls.Where(call => call.PutOff > 0 && !allowed.HasFlag(Outcome.Refused)).Select(Show));
        Add("jobs have two answers", calls.Where(call => call.Answer.Result.JobId is not null)
            .GroupBy(call => call.Answer.Result.JobId, call => call.Answer.Result.Body).Where(job => job.Distinct().Count() > 1).Select(job => string.Join(" | ", job.Distinct())));
    }

    public void AssertNone() => Assert.True(_text.Length == 0, _text.ToString());
}
