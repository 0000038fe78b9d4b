using System.Diagnostics;

namespace SyncCluster.Cluster.Tests.CutOff;

/// <summary>One call that is repeated with its key until it has a whole answer, and what became of it.</summary>
/// <param name="id">Its argument, which no other call has.</param>
/// <param name="key">Its key, which a call with another argument may share.</param>
/// <param name="arguments">What is sent: JSON.</param>
/// <param name="run">How long its script takes.</param>
/// <param name="cuts">How often it is cut off at most, beside what happens to the servers.</param>
internal sealed class Round(string id, string key, string arguments, TimeSpan run, int cuts)
{
    private readonly List<string> _ends = [];
    private readonly HashSet<string> _jobs = [];

    public string Id => id;

    public string Key => key;

    public string Arguments => arguments;

    public TimeSpan Run => run;

    public int Cuts => cuts;

    public long Begun { get; } = Stopwatch.GetTimestamp();

    /// <summary>How each request for it has ended.</summary>
    public IReadOnlyList<string> Ends
    {
        get
        {
            lock (_ends)
            {
                return [.. _ends];
            }
        }
    }

    /// <summary>The ids of its job, as all its answers have named it.</summary>
    public IReadOnlyCollection<string> Jobs => _jobs;

    /// <summary>Whether it was told that its job is there.</summary>
    public bool IsPromised { get; set; }

    public Verdict? Verdict { get; private set; }

    public string Answer { get; private set; } = "";

    public TimeSpan Took { get; private set; }

    public void Ended(string how, string? job = null)
    {
        lock (_ends)
        {
            _ends.Add(how);
            if (job is not null)
            {
                _jobs.Add(job);
            }
        }
    }

    public void Answered(Verdict verdict, string answer) => (Verdict, Answer, Took) = (verdict, answer, Stopwatch.GetElapsedTime(Begun));

    public override string ToString() => $"{id} ({Took.TotalSeconds:F1} s; jobs {string.Join(", ", _jobs)}; {string.Join(", ", Ends)}): {Verdict} {Answer}";
}

/// <summary>What a whole answer means.</summary>
internal enum Verdict
{
    /// <summary>The right one.</summary>
    Right,

    /// <summary>The server that ran the job is gone, and the answer says so.</summary>
    Lost,

    /// <summary>422: another call has the key.</summary>
    OtherCall,

    /// <summary>Anything else.</summary>
    Wrong,
}
