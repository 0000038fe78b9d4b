using System.Diagnostics;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Harness;
using SyncCluster.TheEye;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>Clients each of which makes its next call when it has its answer, or a second after it was refused.</summary>
internal sealed class TheEyeLoad
{
    public const int Concurrency = 64;

    private static readonly TimeSpan AfterRefusal = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private int _right;

    /// <param name="cluster">The cluster that is called.</param>
    /// <param name="clients">The clients of the scenario.</param>
    /// <param name="task">The task that is called.</param>
    /// <param name="count">How many right answers end the load; without it, <see cref="Stop"/> does.</param>
    /// <param name="concurrency">How many clients call.</param>
    public TheEyeLoad(TheEyeCluster cluster, TheEyeClients clients, TheEyeTask task, int count = int.MaxValue, int concurrency = Concurrency)
    {
        Count = count;
        Done = Task.WhenAll(Enumerable.Range(0, concurrency).Select(number => Task.Run(() => CallAsync(cluster, clients, task, number))));
    }

    public int Count { get; }

    public long Begun { get; } = Stopwatch.GetTimestamp();

    /// <summary>How many calls were answered right.</summary>
    public int Right => Volatile.Read(ref _right);

    /// <summary>Completes when there are enough right answers and every client has its last one.</summary>
    public Task Done { get; }

    /// <summary>Waits until so many more calls than now are answered right.</summary>
    public Task MoreAsync(int count)
    {
        var enough = Right + count;
        return Eventually.TrueAsync(() => Right >= enough || Done.IsCompleted, $"{count} more calls are answered right");
    }

    /// <summary>Lets no client call again; open calls continue.</summary>
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
