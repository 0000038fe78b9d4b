using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Calls;

/// <summary>Calls at a steady rate, whether earlier ones are answered or not, each at a gateway that is up.</summary>
internal sealed class BackgroundCalls : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(40);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    /// <param name="clients">The clients that call.</param>
    /// <param name="gateways">The gateways that they call.</param>
    /// <param name="random">Chooses among the gateways.</param>
    /// <param name="scriptEvery">One call out of so many runs a script; 0: none does.</param>
    public BackgroundCalls(ScriptClients clients, IReadOnlyList<Server> gateways, Random random, int scriptEvery) =>
        _work = RunAsync(clients, gateways, random, scriptEvery);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
    }

    private async Task RunAsync(ScriptClients clients, IReadOnlyList<Server> gateways, Random random, int scriptEvery)
    {
        using var timer = new PeriodicTimer(Interval);
        for (var count = 1; ; count++)
        {
            try
            {
                await timer.WaitForNextTickAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            var up = gateways.Where(gateway => gateway.IsUp).ToArray();
            if (up.Length > 0)
            {
                var gateway = up[random.Next(up.Length)];
                _ = scriptEvery > 0 && count % scriptEvery == 0 ? clients.Call(gateway) : clients.CallDummy(gateway);
            }
        }
    }
}
