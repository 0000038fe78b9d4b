using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Load;

/// <summary>Calls at a steady rate, whether the former ones are answered or not, each at a gateway that lives.</summary>
internal sealed class Traffic : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(40);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    /// <param name="clients">Who calls.</param>
    /// <param name="gateways">Where.</param>
    /// <param name="random">Chooses among them.</param>
    /// <param name="scriptEvery">Of so many calls one runs a script; 0 for none.</param>
    public Traffic(ScriptClients clients, IReadOnlyList<Server> gateways, Random random, int scriptEvery) =>
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

            var alive = gateways.Where(gateway => gateway.IsUp).ToArray();
            if (alive.Length > 0)
            {
                var gateway = alive[random.Next(alive.Length)];
                _ = scriptEvery > 0 && count % scriptEvery == 0 ? clients.Call(gateway) : clients.Echo(gateway);
            }
        }
    }
}
