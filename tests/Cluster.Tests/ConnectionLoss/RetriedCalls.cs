using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace SyncCluster.Cluster.Tests.ConnectionLoss;

/// <summary>Calls that are retried until they are answered, some of them in pairs that share a key, and the audit of their answers.</summary>
/// <param name="seed">Seed of all choices.</param>
/// <param name="count">How many keys.</param>
internal sealed class RetriedCalls(int seed, int count)
{
    private const int MostBreaks = 4;
    private const int Shown = 8;

    /// <summary>One call out of so many shares its key with another call.</summary>
    private const int PairEvery = 12;

    private readonly string _prefix = Guid.NewGuid().ToString("N")[..8];
    private readonly ConcurrentQueue<RetriedCall[]> _keys = new();
    private readonly long _begun = Stopwatch.GetTimestamp();

    public static int CountOr(int standard) =>
        int.TryParse(Environment.GetEnvironmentVariable("SYNCCLUSTER_CUTOFF_ROUNDS"), CultureInfo.InvariantCulture, out var count) ? count : standard;

    /// <summary>Makes all calls.</summary>
    /// <param name="client">Sends the calls.</param>
    /// <param name="concurrency">How many keys at once.</param>
    /// <param name="argumentsOf">Gives the body for a call's id, and how long its job takes.</param>
    public Task RunAsync(RetryingClient client, int concurrency, Func<string, Random, (string Arguments, TimeSpan Run)> argumentsOf) => Parallel.ForEachAsync(
        Enumerable.Range(0, count),
        new ParallelOptions { MaxDegreeOfParallelism = concurrency },
        async (number, _) =>
        {
            var random = new Random(unchecked(seed + (number * 7919)));
            var key = $"key-{_prefix}-{number}";
            var calls = Enumerable.Range(0, random.Next(PairEvery) == 0 ? 2 : 1).Select(which =>
            {
                var id = $"{_prefix}-{which}-{number}";
                var (arguments, run) = argumentsOf(id, random);
                return (Call: new RetriedCall(id, key, arguments, run, random.Next(MostBreaks + 1)), Random: new Random(random.Next()));
            }).ToArray();
            _keys.Enqueue([.. calls.Select(call => call.Call)]);
            if (random.Next(2) == 0)
            {
                await Task.WhenAll(calls.Select(call => client.RunAsync(call.Call, call.Random)));
            }
            else
            {
                foreach (var call in calls)
                {
                    await client.RunAsync(call.Call, call.Random);
                }
            }
        });

    /// <summary>Prints what came of the calls, and fails the test where an answer is wrong or missing.</summary>
    /// <param name="print">Prints a line.</param>
    /// <param name="counts">How often requests have ended in which way.</param>
    /// <param name="runs">How often the task of a call has run.</param>
    /// <param name="serverIsGone">Whether the server that ran it was killed.</param>
    /// <param name="keysKeepTheirJobs">False: the key of a job that was abandoned before it ran may get another job.</param>
    public void Audit(
        Action<string> print, IReadOnlyDictionary<string, int> counts, Func<RetriedCall, int> runs, Func<RetriedCall, bool> serverIsGone, bool keysKeepTheirJobs = true)
    {
        var all = _keys.SelectMany(key => key).ToArray();
        var took = all.Select(call => call.Took).Order().ToArray();
        print($"{_keys.Count} keys, {all.Length} calls, {all.Sum(call => call.Attempts.Count)} requests in {Stopwatch.GetElapsedTime(_begun).TotalSeconds:F0} s: "
            + $"{string.Join(", ", counts.OrderByDescending(count => count.Value).Select(count => $"{count.Value} {count.Key}"))}.");
        print($"{string.Join(", ", all.CountBy(call => call.Verdict?.ToString() ?? "unanswered").OrderBy(verdict => verdict.Key).Select(verdict => $"{verdict.Value} {verdict.Key}"))}; "
            + $"{all.Sum(runs)} runs, {all.Count(call => runs(call) > 1)} ran more than once; "
            + $"answered after {took[took.Length / 2].TotalSeconds:F2} s (median), {took[took.Length * 99 / 100].TotalSeconds:F1} s (99 of 100), {took[^1].TotalSeconds:F1} s (slowest).");

        var text = new StringBuilder();
        Add("calls have no answer", call => call.Verdict is null);
        Add("answers are wrong", call => call.Verdict == Verdict.Wrong);
        Add("were answered right, and did not run exactly once", call => call.Verdict == Verdict.Right && runs(call) != 1);
        Add("ran more than once", call => runs(call) > 1);
        Add("are reported as lost, and their server was not killed", call => call.Verdict == Verdict.Lost && runs(call) > 0 && !serverIsGone(call));
        Add("were told that another call has their key, and ran", call => call.Verdict == Verdict.OtherCall && runs(call) > 0);
        AddOf("have a key of their own, and were told otherwise", _keys.Where(key => key.Length == 1).SelectMany(key => key), call => call.Verdict == Verdict.OtherCall);
        AddOf("share a key of which more than one call has an answer", _keys.Where(key => key.Count(call => call.Verdict != Verdict.OtherCall) > 1).SelectMany(key => key), _ => true);
        if (keysKeepTheirJobs)
        {
            AddOf("share a key of which no call has an answer", _keys.Where(key => key.Length > 1 && key.All(call => call.Verdict == Verdict.OtherCall)).SelectMany(key => key), _ => true);
            AddOf("have a key that names more than one job", _keys.Where(key => key.SelectMany(call => call.Jobs).Distinct().Count() > 1).SelectMany(key => key), _ => true);
        }

        Assert.True(text.Length == 0, text.ToString());

        void Add(string what, Func<RetriedCall, bool> isSo) => AddOf(what, all, isSo);

        void AddOf(string what, IEnumerable<RetriedCall> among, Func<RetriedCall, bool> isSo)
        {
            var which = among.Where(isSo).ToArray();
            if (which.Length > 0)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"{which.Length} {what}:\n  {string.Join("\n  ", which.Take(Shown).Select(call => $"ran {runs(call)} times: {call}"))}");
            }
        }
    }
}
