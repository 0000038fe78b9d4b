using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace SyncCluster.Bench;

/// <summary>
/// Kills and freezes silos and gateways at random and starts them anew, until it is told that it is enough. Of each kind at most one is down at a time.
/// </summary>
internal sealed class Chaos
{
    private const int Starts = 3;
    private static readonly TimeSpan LongestFreeze = TimeSpan.FromSeconds(10);

    /// <summary>How long a silo may take, once it goes on, to hear that the others have declared it dead.</summary>
    private static readonly TimeSpan Hearing = TimeSpan.FromSeconds(3);

    private readonly Servers _servers;
    private readonly TimeSpan _every;
    private readonly Random _random;
    private readonly CancellationToken _stop;
    private readonly ConcurrentQueue<string> _deeds = new();
    private readonly long _begun = Stopwatch.GetTimestamp();
    private volatile Server[] _living;
    private Task _silo = Task.CompletedTask;
    private Task _gateway = Task.CompletedTask;

    public Chaos(Servers servers, TimeSpan every, Random random, CancellationToken stop)
    {
        (_servers, _every, _random, _stop) = (servers, every, random, stop);
        _living = [.. servers.Gateways];
    }

    /// <summary>The gateways that take calls; never none.</summary>
    public IReadOnlyList<Server> Living => _living;

    public int SilosKilled { get; private set; }

    public int GatewaysKilled { get; private set; }

    public int SilosFrozen { get; private set; }

    /// <summary>How many were found to have ended that nobody had killed.</summary>
    public int EndedUnasked { get; private set; }

    /// <summary>How long it goes on.</summary>
    public TimeSpan Time => Stopwatch.GetElapsedTime(_begun);

    /// <summary>What was done when.</summary>
    public string Deeds => string.Join('\n', _deeds);

    /// <summary>Ends when all are up again.</summary>
    /// <exception cref="InvalidOperationException">One can't be started any more.</exception>
    public async Task RunAsync(CancellationToken enough)
    {
        using var timer = new PeriodicTimer(_every);
        try
        {
            // However short the run is, a silo is killed, and a gateway.
            for (var round = 0; ; round++)
            {
                await NextAsync(
                    ofSilo: round == 0 || (round > 1 && _random.Next(2) == 0),
                    which: _random.Next(),
                    freeze: round > 1 && _random.Next(4) == 0 ? LongestFreeze * _random.NextDouble() : null);
                await timer.WaitForNextTickAsync(enough);
            }
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            await Task.WhenAll(_silo, _gateway);
        }
    }

    /// <summary>The next deed: of the other kind where one of the chosen kind is down, none where one of both is.</summary>
    private async Task NextAsync(bool ofSilo, int which, TimeSpan? freeze)
    {
        var silos = _silo.IsCompleted ? _servers.Silos : [];
        var gateways = _gateway.IsCompleted ? _servers.Gateways : [];
        if (silos.FirstOrDefault(silo => silo.HasEnded) is { } silent)
        {
            EndedUnasked++;
            await _silo;
            _silo = RestartAsync(silent);
        }
        else if (gateways.FirstOrDefault(gateway => gateway.HasEnded) is { } mute)
        {
            EndedUnasked++;
            await _gateway;
            _gateway = GatewayAsync(mute);
        }
        else if (silos.Count > 0 && (ofSilo || gateways.Count == 0))
        {
            await _silo;
            _silo = freeze is { } time ? FreezeAsync(silos[which % silos.Count], time) : KillAsync(silos[which % silos.Count]);
        }
        else if (gateways.Count > 0)
        {
            GatewaysKilled++;
            await _gateway;
            _gateway = GatewayAsync(gateways[which % gateways.Count]);
        }
    }

    private async Task KillAsync(Server silo)
    {
        SilosKilled++;
        Note($"kills {silo.Name}");
        await silo.KillAsync(_stop);
        await RestartAsync(silo);
    }

    private async Task FreezeAsync(Server silo, TimeSpan time)
    {
        SilosFrozen++;
        Note($"freezes {silo.Name}");
        await silo.SignalAsync("STOP");
        await Task.Delay(time, _stop);
        await silo.SignalAsync("CONT");
        Note($"thaws {silo.Name}");
        try
        {
            await silo.EndAsync(_stop).WaitAsync(Hearing, _stop);
        }
        catch (TimeoutException)
        {
            return;
        }

        await RestartAsync(silo);
    }

    private async Task GatewayAsync(Server gateway)
    {
        Note($"kills {gateway.Name}");
        _living = [.. _servers.Gateways.Where(other => other != gateway)];
        await gateway.KillAsync(_stop);
        await RestartAsync(gateway);
        _living = [.. _servers.Gateways];
    }

    private async Task RestartAsync(Server ended)
    {
        for (var start = 1; ; start++)
        {
            try
            {
                ended = _servers.Restart(ended);
                await ended.ReadyAsync(_stop);
                Note($"has {ended.Name} again");
                return;
            }
            catch (InvalidOperationException) when (start < Starts)
            {
                // Somebody was quicker to take the port that was free.
            }
        }
    }

    private void Note(string deed) => _deeds.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{Time.TotalSeconds:0.0} s: {deed}"));
}
