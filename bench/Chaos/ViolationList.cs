using System.Collections.Concurrent;

namespace SyncCluster.Bench.Chaos;

/// <summary>Counts the calls that break one rule, and describes the first of them.</summary>
/// <param name="what">What is wrong with them.</param>
internal sealed class ViolationList(string what)
{
    private const int Shown = 20;

    private readonly ConcurrentQueue<string> _shown = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public void Add(string call)
    {
        if (Interlocked.Increment(ref _count) <= Shown)
        {
            _shown.Enqueue(call);
        }
    }

    public override string ToString() => Count == 0 ? "" : $"{Count} calls {what}:\n  {string.Join("\n  ", _shown)}\n";
}
