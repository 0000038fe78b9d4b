using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Backends;

namespace SyncCluster.Gateway.Limits;

/// <summary>
/// Counts requests with an unknown token or a wrong secret by their address, and answers 429 to an address that has sent too many of them. A token is
/// checked before its address is looked at: a client with a valid one is never slowed down.
/// </summary>
/// <remarks>
/// Addresses share a fixed number of counters, so that a sender with very many of them takes no memory. One that meets another's counter gets its 429 for
/// a wrong token sooner; that is all.
/// </remarks>
internal sealed partial class FailedAuthentications(
    ITaskBackend backend,
    IOptions<GatewayLimitsOptions> limits,
    IOptions<ForwardedHeadersOptions> proxies,
    TimeProvider timeProvider,
    ILogger<FailedAuthentications> logger)
{
    private const int Counters = 1 << 14;

    /// <summary>The bytes of an IPv6 address that name its network: who has one address has all of them.</summary>
    private const int Network = 8;

    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(1);

    private readonly int _limit = limits.Value.FailedAuthentications;

    /// <summary>In how long a counter forgets one failure.</summary>
    private readonly long _interval = 60 * timeProvider.TimestampFrequency / Math.Max(1, limits.Value.FailedAuthentications);

    /// <summary>For each counter, by the clock's time stamps, when it will have forgotten all failures (GCRA, the leaky bucket as a meter).</summary>
    private readonly long[] _emptyAt = new long[Counters];

    private long _nextLine;
    private long _unlogged;

    /// <summary>Counts a refusal.</summary>
    /// <param name="http">The request.</param>
    /// <param name="refusal">The answer to it; it counts if it is a 401.</param>
    /// <returns>The refusal, or a 429 in its place.</returns>
    public Problem Answer(HttpContext http, Problem refusal) =>
        refusal.Status == StatusCodes.Status401Unauthorized ? Count(http.Connection.RemoteIpAddress, refusal) : refusal;

    /// <summary>Counts the refusal of a call by a task's secret where only the backend knows whether the secret is right.</summary>
    /// <returns>The refusal, or a 429 in its place.</returns>
    public Problem Answer(HttpContext http, TaskInvocation call, Problem refusal)
    {
        var isOfSecret = call.Secret is not null && !backend.ChecksSecrets
            && refusal.Status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden or StatusCodes.Status404NotFound;
        return isOfSecret ? Count(http.Connection.RemoteIpAddress, refusal) : refusal;
    }

    private Problem Count(IPAddress? address, Problem refusal)
    {
        if (_limit == 0 || address is null || IsOfManyClients(address))
        {
            return refusal;
        }

        if (TryCount(address, out var wait))
        {
            Log(address);
            return refusal;
        }

        Interlocked.Increment(ref _unlogged);
        return Problems.TooManyFailures(wait);
    }

    /// <summary>A known proxy that does not say for whom it asks.</summary>
    private bool IsOfManyClients(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return proxies.Value.KnownProxies.Contains(plain) || proxies.Value.KnownIPNetworks.Any(network => network.Contains(plain));
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
