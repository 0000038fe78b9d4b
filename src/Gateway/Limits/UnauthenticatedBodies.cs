using Microsoft.Extensions.Options;
using SyncCluster.Telemetry;

namespace SyncCluster.Gateway.Limits;

/// <summary>
/// The bodies of requests whose senders are not known yet: the token may be in the body, or only the backend can tell whether a secret is right. Together
/// they may hold so many bytes of memory (<see cref="GatewayLimitsOptions.UnauthenticatedBodies"/>), from all senders together, over however many connections.
/// </summary>
internal sealed class UnauthenticatedBodies(IOptions<GatewayLimitsOptions> options, ServerMetrics metrics)
{
    private long _free = Math.Max(options.Value.UnauthenticatedBodies, options.Value.Body);

    /// <summary>How many bytes they may hold besides.</summary>
    internal long Free => Volatile.Read(ref _free);

    /// <summary>What the body of a request may hold.</summary>
    public BodyAllowance AllowanceOf(HttpContext http)
    {
        if (http.Features.Get<BodyAllowance>() is { } allowance)
        {
            return allowance;
        }

        allowance = new BodyAllowance(this);
        http.Features.Set(allowance);
        http.Response.RegisterForDispose(allowance);
        return allowance;
    }

    /// <summary>The sender of a request is known: its body is not counted any longer.</summary>
    public static void Accept(HttpContext http)
    {
        if (http.Features.Get<BodyAllowance>() is { } allowance)
        {
            allowance.Lift();
        }
        else
        {
            http.Features.Set(BodyAllowance.Unlimited);
        }
    }

    internal bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _free, -bytes) >= 0)
        {
            return true;
        }

        Return(bytes);
        metrics.Rejected("unauthenticated_bodies");
        return false;
    }

    internal void Return(long bytes) => Interlocked.Add(ref _free, bytes);
}
