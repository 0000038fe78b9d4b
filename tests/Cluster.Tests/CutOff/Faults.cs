using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.CutOff;

/// <summary>Servers that are killed and started again, or frozen for a moment, one after the other, until they are left alone.</summary>
/// <param name="print">Told of each.</param>
/// <param name="seed">Chooses among them.</param>
internal sealed class Faults(Action<string> print, int seed) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _loops = [];
    private int _seeds;
    private int _kills;

    /// <summary>How many servers were killed.</summary>
    public int Kills => _kills;

    /// <param name="servers">Of them, one is out of order at a time.</param>
    /// <param name="between">How long they are left alone in between, at most.</param>
    /// <param name="freeze">How long one is frozen at most: too short a time for it to be given up.</param>
    public void Begin(IReadOnlyList<Server> servers, TimeSpan between, TimeSpan freeze) =>
        _loops.Add(Task.Run(() => LoopAsync(servers, between, freeze, new Random(seed + ++_seeds))));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
        _stop.Dispose();
    }

    private async Task LoopAsync(IReadOnlyList<Server> servers, TimeSpan between, TimeSpan freeze, Random random)
    {
        while (!_stop.IsCancellationRequested)
        {
            // The load is defined by how often that happens.
            await Task.Delay(between * (0.2 + (0.8 * random.NextDouble())), _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            var server = servers[random.Next(servers.Count)];
            if (random.Next(3) > 0)
            {
                server.Kill();
                print($"Killed {server.Name}.");
                Interlocked.Increment(ref _kills);
                await server.StartAsync();
                print($"{server.Name} is back.");
            }
            else
            {
                server.Freeze();
                await Task.Delay(freeze * random.NextDouble());
                server.Thaw();
            }

            // One that was given up although it was frozen for a moment only.
            foreach (var ended in servers.Where(ended => ended.Process.HasExited))
            {
                print($"{ended.Name} has ended by itself.");
                await ended.StartAsync();
            }
        }
    }
}
