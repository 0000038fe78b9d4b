using System.Collections.Concurrent;
using System.Globalization;

namespace SyncCluster.Bench.Children;

/// <summary>What is to be finished: as it comes, or when the benchmark says so.</summary>
/// <param name="atOnce">How many are finished at the same time.</param>
/// <param name="finish">Finishes one.</param>
internal sealed class Held<T>(int atOnce, Func<T, Task> finish)
{
    private const int Beats = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentQueue<T> _held = new();
    private volatile bool _holds;

    public void Add(T item)
    {
        if (_holds)
        {
            _held.Enqueue(item);
        }
        else
        {
            _ = finish(item);
        }
    }

    /// <summary>
    /// <c>hold</c>: keep what comes. <c>count</c>: how many are kept. <c>last</c>: which came last, once there is one. <c>finish N</c>: finish so many, as fast as can be. <c>pace N S</c>: finish N a
    /// second for S seconds.
    /// </summary>
    public async Task<string> ObeyAsync(string[] command)
    {
        switch (command)
        {
            case ["hold"]:
                _holds = true;
                return "held";
            case ["count"]:
                return $"{_held.Count}";
            case ["last"]:
                while (_held.IsEmpty)
                {
                    await Task.Delay(Pause);
                }

                return $"{_held.Last()}";
            case ["finish", var count]:
                await FinishAsync(Number(count));
                return "finished";
            case ["pace", var rate, var seconds]:
                await PaceAsync(Number(rate), Number(seconds));
                return "finished";
            default:
                throw new ArgumentException($"What is {string.Join(' ', command)}?");
        }

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }

    private async Task PaceAsync(int rate, int seconds)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1) / Beats);
        var finished = 0;
        for (var beat = 1; beat <= Beats * seconds; beat++)
        {
            await timer.WaitForNextTickAsync();
            var due = (int)((long)rate * beat / Beats);
            for (; finished < due && _held.TryDequeue(out var item); finished++)
            {
                _ = finish(item);
            }
        }
    }

    private Task FinishAsync(int count)
    {
        var left = count;
        return Task.WhenAll(Enumerable.Range(0, Math.Min(atOnce, count)).Select(async _ =>
        {
            await Task.Yield();
            while (Interlocked.Decrement(ref left) >= 0 && _held.TryDequeue(out var item))
            {
                await finish(item);
            }
        }));
    }
}
