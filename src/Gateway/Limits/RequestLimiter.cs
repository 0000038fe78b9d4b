using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Backends;
using SyncCluster.Telemetry;

namespace SyncCluster.Gateway.Limits;

/// <summary>
/// Limits the waiting requests of this gateway, which customers share fairly, and the requests of each customer. A request is checked as soon as its caller
/// is authenticated, before its body is read or anything is stored. Nothing is counted for a customer whom a request only names: one whose secret is not
/// yet proved is a request of <see cref="Unproved"/>.
/// </summary>
internal sealed class RequestLimiter : IDisposable
{
    /// <summary>Has the requests that have not proved yet whose they are. It is no customer's name.</summary>
    private const string Unproved = "";

    private readonly GatewayLimitsOptions _options;
    private readonly ITaskBackend _backend;
    private readonly ServerMetrics _metrics;
    private readonly FairCapacity _waiters;
    private readonly PartitionedRateLimiter<string> _requests;

    public RequestLimiter(IOptions<GatewayLimitsOptions> options, ITaskBackend backend, ServerMetrics metrics)
    {
        _options = options.Value;
        _backend = backend;
        _metrics = metrics;
        _waiters = new(_options.Waiters);

        // It drops buckets that are full and were not used for 10 s.
        _requests = PartitionedRateLimiter.Create<string, string>(customer =>
            RateLimit.Of(_options, customer) is { } rate
                ? RateLimitPartition.GetTokenBucketLimiter(customer, _ => rate.Bucket)
                : RateLimitPartition.GetNoLimiter(""));
        metrics.ObserveWaiters(() => _waiters.Counts, _options.Waiters);
    }

    /// <summary>Counts a request that runs a task or asks for a job's answer, and its waiter until it has been answered.</summary>
    /// <param name="http">The request.</param>
    /// <param name="customer">The customer whom the caller has proved to belong to.</param>
    /// <returns>Why it is refused; null if it is not.</returns>
    public Problem? Add(HttpContext http, string customer) => AddWaiter(http, customer) ?? Count(http, customer);

    /// <summary>
    /// The same for a call by a task's secret. If only the backend's answer will tell whether the secret is right, the call is counted after that
    /// (<see cref="ConfirmSecret"/>): wrong secrets must not use up a customer's calls. It is refused if they are used up already.
    /// </summary>
    /// <returns>Why it is refused; null if it is not.</returns>
    public Problem? AddCallBySecret(HttpContext http, string customer)
    {
        if (_backend.ChecksSecrets)
        {
            UnauthenticatedBodies.Accept(http);
            return Add(http, customer);
        }

        return AddUnproved(http, customer) ?? (RateLimit.Of(_options, customer) is { } rate && Left(customer) == 0 ? TooManyCalls(rate) : null);
    }

    /// <summary>
    /// A job was created for a call: its secret was right. The call is counted now if it was not before. It is not refused any more; so if its customer has
    /// no place left, its waiter stays one of <see cref="Unproved"/>.
    /// </summary>
    public void ConfirmSecret(HttpContext http, TaskInvocation invocation)
    {
        if (invocation.Secret is not null && !_backend.ChecksSecrets)
        {
            UnauthenticatedBodies.Accept(http);
            Confirm(http, invocation.Customer);
        }
    }

    /// <summary>
    /// Counts the waiter of a request by a job's secret. The job's grain will tell whether the secret is right (<see cref="ConfirmJobSecret"/>).
    /// </summary>
    /// <param name="http">The request.</param>
    /// <param name="customer">The customer whom the secret names.</param>
    /// <returns>Why it is refused; null if it is not.</returns>
    public Problem? AddByJobSecret(HttpContext http, string customer) => AddUnproved(http, customer);

    /// <summary>The secret was right: the request is counted for the job's customer.</summary>
    /// <returns>Why it is refused; null if it is not.</returns>
    public Problem? ConfirmJobSecret(HttpContext http, string customer) => Confirm(http, customer);

    /// <inheritdoc/>
    public void Dispose() => _requests.Dispose();

    /// <summary>Counts a waiter whose customer is only named. If that customer has no place left, it would get none when it is proved.</summary>
    private Problem? AddUnproved(HttpContext http, string named) =>
        _waiters.HasRoomFor(named, QuotaOf(named)) ? AddWaiter(http, Unproved) : TooManyWaiters(named);

    private Problem? AddWaiter(HttpContext http, string customer)
    {
        if (!_waiters.TryReserve(customer, QuotaOf(customer)))
        {
            return TooManyWaiters(customer);
        }

        var place = new WaiterPlace(_waiters, customer);
        http.Response.RegisterForDispose(place);
        if (customer == Unproved)
        {
            http.Features.Set(place);
        }

        return null;
    }

    private Problem? Confirm(HttpContext http, string customer) =>
        http.Features.Get<WaiterPlace>()!.TryMoveTo(customer, QuotaOf(customer)) ? Count(http, customer) : TooManyWaiters(customer);

    private Problem TooManyWaiters(string customer)
    {
        if (QuotaOf(customer) is var quota && _waiters.Of(customer) >= quota)
        {
            _metrics.Rejected("customer_waiters");
            return Problems.TooManyWaitersOfCustomer(quota);
        }

        _metrics.Rejected("waiters");
        return Problems.TooManyWaiters;
    }

    private Problem TooManyCalls(RateLimit rate)
    {
        _metrics.Rejected("customer_calls");
        return Problems.TooManyCalls(rate);
    }

    private int QuotaOf(string customer) => _options.Customers.GetValueOrDefault(customer)?.Waiters is > 0 and var quota ? quota : int.MaxValue;

    private Problem? Count(HttpContext http, string customer)
    {
        if (RateLimit.Of(_options, customer) is not { } rate)
        {
            return null;
        }

        using var lease = _requests.AttemptAcquire(customer);
        if (!lease.IsAcquired)
        {
            return TooManyCalls(rate);
        }

        rate.Headers(Left(customer)).WriteTo(http.Response.Headers);
        return null;
    }

    private long Left(string customer) => _requests.GetStatistics(customer)!.CurrentAvailablePermits;
}
