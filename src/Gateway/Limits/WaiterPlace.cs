namespace SyncCluster.Gateway.Limits;

/// <summary>The place of a request among those that wait at this gateway, until it is disposed of.</summary>
/// <param name="waiters">The places.</param>
/// <param name="customer">The customer that the place counts for.</param>
internal sealed class WaiterPlace(FairCapacity waiters, string customer) : IDisposable
{
    private readonly Lock _lock = new();
    private string? _customer = customer;

    /// <summary>Has the place count for another customer. False: that one has no place left, or the request is over.</summary>
    public bool TryMoveTo(string other, int quota)
    {
        lock (_lock)
        {
            if (_customer is null || !waiters.TryMove(_customer, other, quota))
            {
                return false;
            }

            _customer = other;
            return true;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_customer is not null)
            {
                waiters.Release(_customer);
                _customer = null;
            }
        }
    }
}
