using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Backends;

namespace SyncCluster.Gateway.Limits;

/// <summary>
/// Refuses what is too much for this gateway: calls beyond a customer's rate, and waiters beyond its own places. It is asked as soon as it is known who
/// calls, before the body is read or anything is stored; never of whom a request only names.
/// </summary>
internal sealed class RequestLimiter(IOptions<LimitOptions> options, ITaskBackend backend) : IDisposable
{
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(5);

    private readonly ConcurrencyLimiter _places = new(new ConcurrencyLimiterOptions { PermitLimit = options.Value.Waiters, QueueLimit = 0 });

    // It frees buckets that are full and were not used for 10 s.
    private readonly PartitionedRateLimiter<string> _calls = PartitionedRateLimiter.Create<string, string>(customer =>
        RateLimit.Of(options.Value, customer) is { } rate
            ? RateLimitPartition.GetTokenBucketLimiter(customer, _ => rate.Bucket)
            : RateLimitPartition.GetNoLimiter(""));

    public static Problem TooManyWaiters { get; } = new(
        StatusCodes.Status503ServiceUnavailable, "Too many requests wait at this server already. This one has done nothing: try again.")
    { RetryAfter = Later };

    public static Problem TooManyCalls(RateLimit rate) =>
        new(StatusCodes.Status429TooManyRequests, "This customer's calls per second are used up. Nothing was run: try again.") { RetryAfter = rate.Next, Quota = rate.Quota(0) };

    /// <summary>Takes a place for a request that waits for a job, until it has been answered. Why there is none; null where there is.</summary>
    public Problem? Wait(HttpContext http)
    {
        var place = _places.AttemptAcquire();
        if (!place.IsAcquired)
        {
            return TooManyWaiters;
        }

        http.Response.RegisterForDispose(place);
        return null;
    }

    /// <summary>Takes a place for a call, and counts it. Why it is refused; null where it is not.</summary>
    /// <param name="http">The call.</param>
    /// <param name="customer">Whose call it is, of which he has given proof.</param>
    public Problem? Call(HttpContext http, string customer) => Wait(http) ?? Count(http, customer);

    /// <summary>
    /// The same for a call by a task's secret. Where only the making of the job will tell whether that is the right one, the call is not counted before
    /// (<see cref="SecretWasRight"/>), so that nobody uses up a customer's calls with wrong ones; but none is let in when they are used up.
    /// </summary>
    public Problem? CallBySecret(HttpContext http, string customer)
    {
        if (backend.KnowsSecrets)
        {
            return Call(http, customer);
        }

        return Wait(http) ?? (RateLimit.Of(options.Value, customer) is { } rate && Left(customer) == 0 ? TooManyCalls(rate) : null);
    }

    /// <summary>A job was made for a call: it is counted now if it was not before.</summary>
    public void SecretWasRight(HttpContext http, TaskInvocation call)
    {
        if (call.Secret is not null && !backend.KnowsSecrets)
        {
            Count(http, call.Customer);
        }
    }

    private Problem? Count(HttpContext http, string customer)
    {
        if (RateLimit.Of(options.Value, customer) is not { } rate)
        {
            return null;
        }

        using var counted = _calls.AttemptAcquire(customer);
        if (!counted.IsAcquired)
        {
            return TooManyCalls(rate);
        }

        rate.Quota(Left(customer)).WriteTo(http.Response.Headers);
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _places.Dispose();
        _calls.Dispose();
    }

    private long Left(string customer) => _calls.GetStatistics(customer)!.CurrentAvailablePermits;
}
