using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Backends;

namespace SyncCluster.Gateway.Limits;

/// <summary>
/// Limits the waiting requests of this gateway, and the calls of each customer. A request is checked as soon as its caller is authenticated, before its
/// body is read or anything is stored; calls are never counted for a customer whom a request only names.
/// </summary>
internal sealed class RequestLimiter(IOptions<GatewayLimitsOptions> options, ITaskBackend backend) : IDisposable
{
    private readonly ConcurrencyLimiter _waiters = new(new ConcurrencyLimiterOptions { PermitLimit = options.Value.Waiters, QueueLimit = 0 });

    // It drops buckets that are full and were not used for 10 s.
    private readonly PartitionedRateLimiter<string> _calls = PartitionedRateLimiter.Create<string, string>(customer =>
        RateLimit.Of(options.Value, customer) is { } rate
            ? RateLimitPartition.GetTokenBucketLimiter(customer, _ => rate.Bucket)
            : RateLimitPartition.GetNoLimiter(""));

    /// <summary>Counts a request that waits for a job, until it has been answered.</summary>
    /// <returns>Why it is refused; null if it is not.</returns>
    public Problem? AddWaiter(HttpContext http)
    {
        var lease = _waiters.AttemptAcquire();
        if (!lease.IsAcquired)
        {
            return Problems.TooManyWaiters;
        }

        http.Response.RegisterForDispose(lease);
        return null;
    }

    /// <summary>Counts a call and its waiter.</summary>
    /// <param name="http">The call.</param>
    /// <param name="customer">The customer whom the caller has proved to belong to.</param>
    /// <returns>Why it is refused; null if it is not.</returns>
    public Problem? AddCall(HttpContext http, string customer) => AddWaiter(http) ?? Count(http, customer);

    /// <summary>
    /// The same for a call by a task's secret. If only the backend's answer will tell whether the secret is right, the call is counted after that
    /// (<see cref="ConfirmSecret"/>): wrong secrets must not use up a customer's calls. It is refused if they are used up already.
    /// </summary>
    /// <returns>Why it is refused; null if it is not.</returns>
    public Problem? AddCallBySecret(HttpContext http, string customer)
    {
        if (backend.ChecksSecrets)
        {
            UnauthenticatedBodies.Accept(http);
            return AddCall(http, customer);
        }

        return AddWaiter(http) ?? (RateLimit.Of(options.Value, customer) is { } rate && Left(customer) == 0 ? Problems.TooManyCalls(rate) : null);
    }

    /// <summary>A job was created for a call: its secret was right. The call is counted now if it was not before.</summary>
    public void ConfirmSecret(HttpContext http, TaskInvocation invocation)
    {
        if (invocation.Secret is not null && !backend.ChecksSecrets)
        {
            UnauthenticatedBodies.Accept(http);
            Count(http, invocation.Customer);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _waiters.Dispose();
        _calls.Dispose();
    }

    private Problem? Count(HttpContext http, string customer)
    {
        if (RateLimit.Of(options.Value, customer) is not { } rate)
        {
            return null;
        }

        using var lease = _calls.AttemptAcquire(customer);
        if (!lease.IsAcquired)
        {
            return Problems.TooManyCalls(rate);
        }

        rate.Headers(Left(customer)).WriteTo(http.Response.Headers);
        return null;
    }

    private long Left(string customer) => _calls.GetStatistics(customer)!.CurrentAvailablePermits;
}
