using System.Diagnostics;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;
using SyncCluster.TheEye;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>Clients each of which calls again when it has its answer. One that is refused does so after a while, as it is told.</summary>
internal sealed class TheEyeLoad
{
    public const int Concurrency = 64;

    private static readonly TimeSpan AfterRefusal = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private int _right;

    /// <param name="cluster">Where.</param>
    /// <param name="clients">Who calls.</param>
    /// <param name="task">What.</param>
    /// <param name="count">How many right answers are enough; without it, until <see cref="Stop"/>.</param>
    /// <param name="concurrency">How many clients.</param>
    public TheEyeLoad(TheEyeCluster cluster, TheEyeClients clients, TheEyeTask task, int count = int.MaxValue, int concurrency = Concurrency)
    {
        Count = count;
        Done = Task.WhenAll(Enumerable.Range(0, concurrency).Select(number => Task.Run(() => CallAsync(cluster, clients, task, number))));
    }

    public int Count { get; }

    public long Begun { get; } = Stopwatch.GetTimestamp();

    /// <summary>How many calls were answered right.</summary>
    public int Right => Volatile.Read(ref _right);

    /// <summary>Ends when there are enough right answers and every client has the last of its own.</summary>
    public Task Done { get; }

    /// <summary>Until so many more calls than now are answered right.</summary>
    public Task MoreAsync(int count)
    {
        var enough = Right + count;
        return Until.TrueAsync(() => Right >= enough || Done.IsCompleted, $"{count} more calls are answered right");
    }

    /// <summary>Has no client call again; what they have called goes on.</summary>
    public void Stop() => _stop.Cancel();

    private async Task CallAsync(TheEyeCluster cluster, TheEyeClients clients, TheEyeTask task, int number)
    {
        while (!_stop.IsCancellationRequested && Right < Count)
        {
            var answer = await clients.Call(cluster.Gateways[number++ % cluster.Gateways.Count], task).Answer;
            if (answer.Outcome == Outcome.Right)
            {
                Interlocked.Increment(ref _right);
            }
            else
            {
                await Task.Delay(AfterRefusal);
            }
        }
    }
}
