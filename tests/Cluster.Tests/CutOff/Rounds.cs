using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace SyncCluster.Cluster.Tests.CutOff;

/// <summary>Calls that are repeated until they are answered, some of them in pairs that share a key, and the account of what became of them.</summary>
/// <param name="seed">All choices of all rounds follow from it.</param>
/// <param name="count">How many.</param>
internal sealed class Rounds(int seed, int count)
{
    private const int MostCuts = 4;
    private const int Shown = 8;

    /// <summary>Of so many rounds one shares its key with another call.</summary>
    private const int PairEvery = 12;

    private readonly string _prefix = Guid.NewGuid().ToString("N")[..8];
    private readonly ConcurrentQueue<Round[]> _keys = new();
    private readonly long _begun = Stopwatch.GetTimestamp();

    public static int CountOr(int few) =>
        int.TryParse(Environment.GetEnvironmentVariable("SYNCCLUSTER_CUTOFF_ROUNDS"), CultureInfo.InvariantCulture, out var rounds) ? rounds : few;

    /// <summary>Runs them all.</summary>
    /// <param name="client">Sends them.</param>
    /// <param name="concurrency">So many at once.</param>
    /// <param name="argumentsOf">What to send for a call's id, and how long its job takes.</param>
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
                return (Round: new Round(id, key, arguments, run, random.Next(MostCuts + 1)), Random: new Random(random.Next()));
            }).ToArray();
            _keys.Enqueue([.. calls.Select(call => call.Round)]);
            if (random.Next(2) == 0)
            {
                await Task.WhenAll(calls.Select(call => client.RunAsync(call.Round, call.Random)));
            }
            else
            {
                foreach (var call in calls)
                {
                    await client.RunAsync(call.Round, call.Random);
                }
            }
        });

    /// <summary>Prints the account, and fails where anything is neither right nor told.</summary>
    /// <param name="print">Prints a line.</param>
    /// <param name="seen">How often each thing happened.</param>
    /// <param name="runs">How often a call's task has run.</param>
    /// <param name="serverIsGone">Whether the server that ran it was killed.</param>
    /// <param name="keysKeepTheirJobs">False: a job that was given up before it ran leaves its key to another.</param>
    public void Settle(
        Action<string> print, IReadOnlyDictionary<string, int> seen, Func<Round, int> runs, Func<Round, bool> serverIsGone, bool keysKeepTheirJobs = true)
    {
        var all = _keys.SelectMany(key => key).ToArray();
        var took = all.Select(round => round.Took).Order().ToArray();
        print($"{_keys.Count} keys, {all.Length} calls, {all.Sum(round => round.Ends.Count)} requests in {Stopwatch.GetElapsedTime(_begun).TotalSeconds:F0} s: "
            + $"{string.Join(", ", seen.OrderByDescending(what => what.Value).Select(what => $"{what.Value} {what.Key}"))}.");
        print($"{string.Join(", ", all.CountBy(round => round.Verdict?.ToString() ?? "unanswered").OrderBy(verdict => verdict.Key).Select(verdict => $"{verdict.Value} {verdict.Key}"))}; "
            + $"{all.Sum(runs)} runs, {all.Count(round => runs(round) > 1)} ran more than once; "
            + $"answered after {took[took.Length / 2].TotalSeconds:F2} s (median), {took[took.Length * 99 / 100].TotalSeconds:F1} s (99 of 100), {took[^1].TotalSeconds:F1} s (slowest).");

        var text = new StringBuilder();
        Add("calls have no answer", round => round.Verdict is null);
        Add("answers are wrong", round => round.Verdict == Verdict.Wrong);
        Add("were answered right, and did not run just once", round => round.Verdict == Verdict.Right && runs(round) != 1);
        Add("ran more than once", round => runs(round) > 1);
        Add("are said to be lost, and their server was not killed", round => round.Verdict == Verdict.Lost && runs(round) > 0 && !serverIsGone(round));
        Add("were told that another call has their key, and ran", round => round.Verdict == Verdict.OtherCall && runs(round) > 0);
        AddOf("have a key of their own, and were told otherwise", _keys.Where(key => key.Length == 1).SelectMany(key => key), round => round.Verdict == Verdict.OtherCall);
        AddOf("share a key of which more than one call has an answer", _keys.Where(key => key.Count(round => round.Verdict != Verdict.OtherCall) > 1).SelectMany(key => key), _ => true);
        if (keysKeepTheirJobs)
        {
            AddOf("share a key of which no call has an answer", _keys.Where(key => key.Length > 1 && key.All(round => round.Verdict == Verdict.OtherCall)).SelectMany(key => key), _ => true);
            AddOf("have a key that names more than one job", _keys.Where(key => key.SelectMany(round => round.Jobs).Distinct().Count() > 1).SelectMany(key => key), _ => true);
        }

        Assert.True(text.Length == 0, text.ToString());

        void Add(string what, Func<Round, bool> isSo) => AddOf(what, all, isSo);

        void AddOf(string what, IEnumerable<Round> among, Func<Round, bool> isSo)
        {
            var which = among.Where(isSo).ToArray();
            if (which.Length > 0)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"{which.Length} {what}:\n  {string.Join("\n  ", which.Take(Shown).Select(round => $"ran {runs(round)} times: {round}"))}");
            }
        }
    }
}
