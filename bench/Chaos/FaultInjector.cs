using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench.Chaos;

/// <summary>
/// Kills and freezes silos and gateways at random and starts them again, until it is stopped. At most one silo and one gateway are down at a time.
/// Besides, it adds a silo and removes another one for good, time and again: one that is stopped or killed, and may leave while another one is down.
/// </summary>
/// <param name="cluster">The servers.</param>
/// <param name="interval">The time between two faults.</param>
/// <param name="exchangeInterval">The time from one silo that is added, and one that is removed, to the next.</param>
/// <param name="random">Chooses the faults.</param>
/// <param name="stop">Canceled by the user.</param>
internal sealed class FaultInjector(BenchCluster cluster, TimeSpan interval, TimeSpan exchangeInterval, Random random, CancellationToken stop)
    : IDisposable
{
    private const int StartAttempts = 3;
    private static readonly TimeSpan LongestFreeze = TimeSpan.FromSeconds(10);

    /// <summary>How long a silo may take, once it is thawed, to notice that the others have declared it dead.</summary>
    private static readonly TimeSpan NoticeTime = TimeSpan.FromSeconds(3);

    private readonly ConcurrentQueue<string> _log = new();
    private readonly long _begun = Stopwatch.GetTimestamp();

    /// <summary>Is held while a server is chosen, so that what is removed for good is not started again.</summary>
    private readonly SemaphoreSlim _choice = new(1);

    private Task _siloFault = Task.CompletedTask;
    private Task _gatewayFault = Task.CompletedTask;

    /// <summary>The gateways that take calls; at least one does.</summary>
    public IReadOnlyList<Server> LivingGateways => [.. cluster.Gateways.Where(gateway => gateway.IsUp)];

    public int SilosKilled { get; private set; }

    public int GatewaysKilled { get; private set; }

    public int SilosFrozen { get; private set; }

    /// <summary>How many silos were added, and one removed for good after each.</summary>
    public int SilosExchanged { get; private set; }

    /// <summary>How many servers have ended without being killed.</summary>
    public int EndedUnasked { get; private set; }

    /// <summary>How long it has run.</summary>
    public TimeSpan Time => Stopwatch.GetElapsedTime(_begun);

    /// <inheritdoc/>
    public void Dispose() => _choice.Dispose();

    /// <summary>All faults and restarts, with their times.</summary>
    public string Log => string.Join('\n', _log);

    /// <summary>Ends when every server is up again.</summary>
    /// <param name="enough">Canceled when there are to be no more faults.</param>
    /// <exception cref="InvalidOperationException">A server can't be started any more.</exception>
    public Task RunAsync(CancellationToken enough) => Task.WhenAll(MakeFaultsAsync(enough), ExchangeSilosAsync(enough));

    private async Task ExchangeSilosAsync(CancellationToken enough)
    {
        using var timer = new PeriodicTimer(exchangeInterval);
        var choices = new Random(random.Next());
        try
        {
            while (await timer.WaitForNextTickAsync(enough))
            {
                await ExchangeSiloAsync(choices);
            }
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // An exchange that has begun is completed.
        }
    }

    private async Task ExchangeSiloAsync(Random choices)
    {
        var added = await cluster.JoinAsync(stop);
        Note($"has added {added.Name}");
        Server removed;
        Task fault;
        await _choice.WaitAsync(stop);
        try
        {
            var others = cluster.Silos.Where(silo => silo != added).ToArray();
            removed = others[choices.Next(others.Length)];
            cluster.Forget(removed);
            fault = _siloFault;
        }
        finally
        {
            _choice.Release();
        }

        // It may be the one that is down.
        await fault;
        if (choices.Next(2) == 0)
        {
            Note($"stops {removed.Name} for good");
            await removed.StopAsync();
        }
        else
        {
            Note($"kills {removed.Name} for good");
            await Task.Run(removed.Kill, stop);
        }

        SilosExchanged++;
    }

    private async Task MakeFaultsAsync(CancellationToken enough)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            // However short the run is, a silo is killed, and a gateway.
            for (var round = 0; ; round++)
            {
                await _choice.WaitAsync(enough);
                try
                {
                    await NextAsync(
                        ofSilo: round == 0 || (round > 1 && random.Next(2) == 0),
                        which: random.Next(),
                        freeze: round > 1 && random.Next(4) == 0 ? LongestFreeze * random.NextDouble() : null);
                }
                finally
                {
                    _choice.Release();
                }

                await timer.WaitForNextTickAsync(enough);
            }
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            await Task.WhenAll(_siloFault, _gatewayFault);
        }
    }

    /// <summary>The next fault: of the other kind where a server of the chosen kind is down, none where one of each kind is.</summary>
    private async Task NextAsync(bool ofSilo, int which, TimeSpan? freeze)
    {
        var silos = _siloFault.IsCompleted ? cluster.Silos : [];
        var gateways = _gatewayFault.IsCompleted ? cluster.Gateways : [];
        if (silos.FirstOrDefault(silo => silo.Process.HasExited) is { } endedSilo)
        {
            EndedUnasked++;
            await _siloFault;
            _siloFault = RestartAsync(endedSilo);
        }
        else if (gateways.FirstOrDefault(gateway => gateway.Process.HasExited) is { } endedGateway)
        {
            EndedUnasked++;
            await _gatewayFault;
            _gatewayFault = KillAsync(endedGateway);
        }
        else if (silos.Count > 0 && (ofSilo || gateways.Count == 0))
        {
            var silo = silos[which % silos.Count];
            await _siloFault;
            if (freeze is { } time)
            {
                SilosFrozen++;
                _siloFault = FreezeAsync(silo, time);
            }
            else
            {
                SilosKilled++;
                _siloFault = KillAsync(silo);
            }
        }
        else if (gateways.Count > 0)
        {
            GatewaysKilled++;
            await _gatewayFault;
            _gatewayFault = KillAsync(gateways[which % gateways.Count]);
        }
    }

    private async Task KillAsync(Server server)
    {
        Note($"kills {server.Name}");
        await Task.Run(server.Kill, stop);
        await RestartAsync(server);
    }

    private async Task FreezeAsync(Server silo, TimeSpan time)
    {
        Note($"freezes {silo.Name}");
        silo.Freeze();
        await Task.Delay(time, stop);
        silo.Thaw();
        Note($"thaws {silo.Name}");
        try
        {
            await silo.Process.ExitAsync(stop).WaitAsync(NoticeTime, stop);
        }
        catch (TimeoutException)
        {
            return;
        }

        await RestartAsync(silo);
    }

    private async Task RestartAsync(Server server)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await server.StartAsync(stop);
                Note($"has restarted {server.Name}");
                return;
            }
            catch (InvalidOperationException) when (attempt < StartAttempts)
            {
                // Another process has taken the port that was free a moment ago.
            }
        }
    }

    private void Note(string entry) => _log.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{Time.TotalSeconds:0.0} s: {entry}"));
}
