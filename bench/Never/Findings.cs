using System.Collections.Concurrent;

namespace SyncCluster.Bench;

/// <summary>Calls of one kind that should not be, of which the first ones are told in full.</summary>
internal sealed class Findings(string what)
{
    private const int Shown = 20;

    private readonly ConcurrentQueue<string> _shown = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public void Add(string finding)
    {
        if (Interlocked.Increment(ref _count) <= Shown)
        {
            _shown.Enqueue(finding);
        }
    }

    public override string ToString() => Count == 0 ? "" : $"{Count} calls {what}:\n  {string.Join("\n  ", _shown)}\n";
}
