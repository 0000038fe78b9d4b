using System.Diagnostics;

namespace SyncCluster.Cluster.Tests.ConnectionLoss;

/// <summary>One call that is retried with its key until it has a complete answer, and what came of it.</summary>
/// <param name="id">The argument of the call, which no other call has.</param>
/// <param name="key">The idempotency key, which one other call may share.</param>
/// <param name="arguments">The body of the call, JSON.</param>
/// <param name="run">How long the script takes.</param>
/// <param name="breaks">How often its connection is broken at most, beside the faults of the servers.</param>
internal sealed class RetriedCall(string id, string key, string arguments, TimeSpan run, int breaks)
{
    private readonly List<string> _attempts = [];
    private readonly HashSet<string> _jobs = [];

    public string Id => id;

    public string Key => key;

    public string Arguments => arguments;

    public TimeSpan Run => run;

    public int Breaks => breaks;

    public long Begun { get; } = Stopwatch.GetTimestamp();

    /// <summary>How each request of the call has ended.</summary>
    public IReadOnlyList<string> Attempts
    {
        get
        {
            lock (_attempts)
            {
                return [.. _attempts];
            }
        }
    }

    /// <summary>The job ids that its answers have named.</summary>
    public IReadOnlyCollection<string> Jobs => _jobs;

    /// <summary>Whether an answer has said that the job exists.</summary>
    public bool JobExists { get; set; }

    public Verdict? Verdict { get; private set; }

    public string Answer { get; private set; } = "";

    public TimeSpan Took { get; private set; }

    public void AddAttempt(string how, string? job = null)
    {
        lock (_attempts)
        {
            _attempts.Add(how);
            if (job is not null)
            {
                _jobs.Add(job);
            }
        }
    }

    public void SetAnswer(Verdict verdict, string answer) => (Verdict, Answer, Took) = (verdict, answer, Stopwatch.GetElapsedTime(Begun));

    public override string ToString() => $"{id} ({Took.TotalSeconds:F1} s; jobs {string.Join(", ", _jobs)}; {string.Join(", ", Attempts)}): {Verdict} {Answer}";
}

/// <summary>What a complete answer means.</summary>
internal enum Verdict
{
    /// <summary>The answer of the call's own job.</summary>
    Right,

    /// <summary>The answer says that the server of the job is gone.</summary>
    Lost,

    /// <summary>422: another call has the key.</summary>
    OtherCall,

    /// <summary>Anything else.</summary>
    Wrong,
}
