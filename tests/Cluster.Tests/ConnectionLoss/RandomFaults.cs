using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.ConnectionLoss;

/// <summary>Kills and restarts servers, or freezes them for a moment, one after the other, until disposal.</summary>
/// <param name="print">Prints each fault.</param>
/// <param name="seed">Seed of the choices.</param>
internal sealed class RandomFaults(Action<string> print, int seed) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _loops = [];
    private int _seeds;
    private int _kills;

    /// <summary>How many servers were killed.</summary>
    public int Kills => _kills;

    /// <summary>Begins with some servers, of which one is down at a time.</summary>
    /// <param name="servers">The servers.</param>
    /// <param name="between">The longest time between two faults.</param>
    /// <param name="freeze">The longest time that a server is frozen: too short for the others to declare it dead.</param>
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
            // How often this happens is part of the load.
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
                await FreezeAsync(server, freeze * random.NextDouble());
            }

            // The others may have declared a server dead that was frozen for a moment only.
            foreach (var ended in servers.Where(ended => ended.Process.HasExited))
            {
                print($"{ended.Name} has ended without being killed.");
                await ended.StartAsync();
            }
        }
    }

    private static async Task FreezeAsync(Server server, TimeSpan time)
    {
        try
        {
            server.Freeze();
            await Task.Delay(time);
            server.Thaw();
        }
        catch (InvalidOperationException) when (server.Process.HasExited)
        {
            // It has learned only now that the others have declared it dead since an earlier freeze.
        }
    }
}
