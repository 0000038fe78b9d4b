using System.Collections.Concurrent;
using System.Globalization;

namespace SyncCluster.Bench.Children;

/// <summary>Completes items as they come, or holds them until the benchmark lets them be completed.</summary>
/// <param name="concurrency">How many are completed at the same time.</param>
/// <param name="complete">Completes one.</param>
internal sealed class CompletionQueue<T>(int concurrency, Func<T, Task> complete)
{
    private const int StepsPerSecond = 100;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

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
            _ = complete(item);
        }
    }

    /// <summary>
    /// <c>hold</c>: hold every item from now on. <c>count</c>: how many are held. <c>last</c>: the newest item, as soon as there is one. <c>finish N</c>:
    /// complete N as fast as possible. <c>pace N S</c>: complete N a second for S seconds.
    /// </summary>
    public async Task<string> ExecuteAsync(string[] command)
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
                    await Task.Delay(PollInterval);
                }

                return $"{_held.Last()}";
            case ["finish", var count]:
                await FinishAsync(Number(count));
                return "finished";
            case ["pace", var rate, var seconds]:
                await PaceAsync(Number(rate), Number(seconds));
                return "finished";
            default:
                throw new ArgumentException($"There is no command {string.Join(' ', command)}.");
        }

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }

    private async Task PaceAsync(int rate, int seconds)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1) / StepsPerSecond);
        var finished = 0;
        for (var step = 1; step <= StepsPerSecond * seconds; step++)
        {
            await timer.WaitForNextTickAsync();
            var due = (int)((long)rate * step / StepsPerSecond);
            for (; finished < due && _held.TryDequeue(out var item); finished++)
            {
                _ = complete(item);
            }
        }
    }

    private Task FinishAsync(int count)
    {
        var left = count;
        return Task.WhenAll(Enumerable.Range(0, Math.Min(concurrency, count)).Select(async _ =>
        {
            await Task.Yield();
            while (Interlocked.Decrement(ref left) >= 0 && _held.TryDequeue(out var item))
            {
                await complete(item);
            }
        }));
    }
}
