using System.Diagnostics;
using System.Text;

namespace SyncCluster.Cluster.Tests.Calls;

/// <summary>Collects what is wrong with the answers of a scenario's calls.</summary>
/// <param name="calls">All calls of the scenario; each has its answer.</param>
/// <param name="allowed">The outcomes that are allowed beside the right answer.</param>
internal sealed class CallAudit(IReadOnlyCollection<Call> calls, Outcome allowed)
{
    private const int Shown = 8;

    private readonly StringBuilder _text = new();

    /// <summary>How many calls had which outcome.</summary>
    public string Summary
    {
        get
        {
            var outcomes = calls.CountBy(call => call.Answer.Result.Outcome).OrderBy(count => count.Key).Select(count => $"{count.Value} {count.Key}");
            var slowest = calls.Count == 0 ? TimeSpan.Zero : calls.Max(call => Stopwatch.GetElapsedTime(call.Begun, call.Answer.Result.At));
            return $"{calls.Count(call => !call.Attaches)} calls and {calls.Count(call => call.Attaches)} that attached = {string.Join(" + ", outcomes)}; "
                + $"{calls.Count(call => call.Retries > 0)} were retried {calls.Sum(call => call.Retries)} times; the slowest took {slowest.TotalSeconds:F1} s";
        }
    }

    public static string Describe(Call call)
    {
        var answer = call.Answer.Result;
        return $"{call.Id} after {Stopwatch.GetElapsedTime(call.Begun, answer.At).TotalSeconds:F1} s and {call.Retries} retries: {answer.Outcome} {answer.Status} {answer.Body}";
    }

    public void Add(string violation, IEnumerable<string> which)
    {
        var all = which.ToArray();
        if (all.Length > 0)
        {
            _text.AppendLine($"{all.Length} {violation}:\n  {string.Join("\n  ", all.Take(Shown))}");
        }
    }

    /// <summary>Adds the calls for which an outcome is wrong.</summary>
    public void Add(string violation, Outcome outcome, Func<Call, bool> isWrong) =>
        Add(violation, calls.Where(call => call.Answer.Result.Outcome == outcome && isWrong(call)).Select(Describe));

    /// <summary>Adds what is wrong with every executor.</summary>
    /// <param name="killed">The processes that were killed.</param>
    public void AddCommonViolations(IReadOnlySet<int> killed)
    {
        Add("lost their gateway, which was not killed", Outcome.Unknown, call => !killed.Contains(call.Answer.Result.Gateway));
        Add("have an outcome that is not allowed here", calls.Where(call => (call.Answer.Result.Outcome & ~(allowed | Outcome.Right)) != 0).Select(Describe));
        Add("were told to retry, which is not allowed here", calls.Where(call => call.Retries > 0 && !allowed.HasFlag(Outcome.Refused)).Select(Describe));
        Add("jobs have two answers", calls.Where(call => call.Answer.Result.JobId is not null)
            .GroupBy(call => call.Answer.Result.JobId, call => call.Answer.Result.Body).Where(job => job.Distinct().Count() > 1).Select(job => string.Join(" | ", job.Distinct())));
    }

    /// <summary>Fails the test where anything was added.</summary>
    public void AssertClean() => Assert.True(_text.Length == 0, _text.ToString());
}
