using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using SyncCluster.Telemetry;

namespace SyncCluster.Hosting.Authentication;

/// <summary>
/// Counts requests with an unknown token or a wrong secret by their address, and says which are too many. It is asked only after the check of the token: a
/// client with a valid one is never slowed down.
/// </summary>
/// <remarks>
/// Addresses share a fixed number of counters, so that a sender with very many of them takes no memory. One that meets another's counter gets its 429 for
/// a wrong token sooner; that is all.
/// </remarks>
internal sealed partial class FailureCounter(
    IOptions<FailedAuthenticationOptions> options, ServerMetrics metrics, TimeProvider timeProvider, ILogger<FailureCounter> logger)
{
    private const int Counters = 1 << 14;

    /// <summary>The bytes of an IPv6 address that name its network: who has one address has all of them.</summary>
    private const int Network = 8;

    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(1);

    private readonly int _limit = options.Value.FailedAuthentications;

    /// <summary>In how long a counter forgets one failure.</summary>
    private readonly long _interval = 60 * timeProvider.TimestampFrequency / Math.Max(1, options.Value.FailedAuthentications);

    /// <summary>For each counter, by the clock's time stamps, when it will have forgotten all failures (GCRA, the leaky bucket as a meter).</summary>
    private readonly long[] _emptyAt = new long[Counters];

    private long _nextLine;
    private long _unlogged;

    /// <summary>Counts a failure, and logs it with the address.</summary>
    /// <returns>Null if it is within the limit; else in how long the next one will be.</returns>
    public TimeSpan? Count(IPAddress? address)
    {
        if (_limit == 0 || address is null)
        {
            return null;
        }

        if (TryCount(address, out var wait))
        {
            Log(address);
            return null;
        }

        metrics.Rejected("failed_authentications");
        Interlocked.Increment(ref _unlogged);
        return wait;
    }

    private bool TryCount(IPAddress address, out TimeSpan wait)
    {
        ref var emptyAt = ref _emptyAt[CounterOf(address)];
        var now = timeProvider.GetTimestamp();
        while (true)
        {
            var before = Volatile.Read(ref emptyAt);
            var after = Math.Max(before, now) + _interval;
            var over = after - now - (_interval * _limit);
            if (over > 0)
            {
                wait = timeProvider.GetElapsedTime(0, over);
                return false;
            }

            if (Interlocked.CompareExchange(ref emptyAt, after, before) == before)
            {
                wait = TimeSpan.Zero;
                return true;
            }
        }
    }

    private static int CounterOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.MapToIPv6().TryWriteBytes(bytes, out _);
        var isNetwork = address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false };

        // Seeded at random in each process: no one can choose whose counter to meet.
        var hash = new HashCode();
        hash.AddBytes(isNetwork ? bytes[..Network] : bytes);
        return (int)((uint)hash.ToHashCode() % Counters);
    }

    /// <summary>Logs a line for an address, one a second at most.</summary>
    private void Log(IPAddress address)
    {
        var now = timeProvider.GetTimestamp();
        var next = Volatile.Read(ref _nextLine);
        if (now >= next
            && Interlocked.CompareExchange(ref _nextLine, now + (long)(LogInterval.TotalSeconds * timeProvider.TimestampFrequency), next) == next)
        {
            LogFailure(address, Interlocked.Exchange(ref _unlogged, 0));
        }
        else
        {
            Interlocked.Increment(ref _unlogged);
        }
    }
}
