using System.Runtime.InteropServices;

namespace SyncCluster.Bench;

/// <summary>
/// How fast the processors are at the moment, which on a virtual machine depends on its neighbours: the same work may take half as much processor time
/// more from one second to the next. A thread on each processor does a little of the same work again and again.
/// </summary>
internal sealed partial class SpeedGauge : IDisposable
{
    private const int Lookups = 2_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly Lock _lock = new();
    private readonly Thread[] _threads;
    private double _time;
    private long _count;
    private volatile bool _stops;

    public SpeedGauge()
    {
        _threads = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(processor => new Thread(() => Run(processor)) { IsBackground = true })];
        foreach (var thread in _threads)
        {
            thread.Start();
        }
    }

    /// <summary>Begins anew. Returns how much processor time the work has taken until now: microseconds, the mean of all processors.</summary>
    public double Restart()
    {
        lock (_lock)
        {
            var mean = _count == 0 ? double.NaN : _time / _count;
            (_time, _count) = (0, 0);
            return mean;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stops = true;
        foreach (var thread in _threads)
        {
            thread.Join();
        }
    }

    /// <summary>Looks up words in a dictionary that fits into the processor's second cache, as a server does all the time.</summary>
    private static int Work(Dictionary<string, int> words, string[] keys, int from)
    {
        var sum = 0;
        for (var lookup = 0; lookup < Lookups; lookup++)
        {
            sum += words[keys[(from + (lookup * 7)) % keys.Length]];
        }

        return sum;
    }

    private void Run(int processor)
    {
        var mask = 1UL << processor;
        _ = SetAffinity(0, sizeof(ulong), ref mask);
        string[] keys = [.. Enumerable.Range(0, 4_000).Select(number => $"word {number}")];
        var words = keys.Select((key, number) => (key, number)).ToDictionary(pair => pair.key, pair => pair.number);
        for (var from = 0; !_stops; from += 13)
        {
            Thread.Sleep(Pause);
            var before = Usage.CpuOfThread();
            _ = Work(words, keys, from);
            var took = (Usage.CpuOfThread() - before).TotalMicroseconds;
            lock (_lock)
            {
                (_time, _count) = (_time + took, _count + 1);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nint size, ref ulong mask);
}
