namespace SyncCluster;

/// <summary>
/// A capacity that customers share: a customer gets more only while it has less than what is left of twice the limit. So one customer alone gets up to
/// the limit, one that comes then half of it, and so on: something is always left for the next customer, and one that has much gets nothing more until
/// it has less than what is left. (The dynamic thresholds of Choudhury and Hahne, 1998, for the buffers of a switch.)
/// </summary>
/// <param name="limit">What one customer alone may have. All together may have twice as much.</param>
internal sealed class FairCapacity(int limit)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _reserved = new(StringComparer.Ordinal);
    private long _left = 2L * limit;

    /// <summary>Reserves a place. False: there is none for this customer.</summary>
    /// <param name="customer">The customer.</param>
    /// <param name="quota">How many places it may have in any case.</param>
    public bool TryReserve(string customer, int quota = int.MaxValue)
    {
        lock (_lock)
        {
            if (!IsRoomFor(customer, quota))
            {
                return false;
            }

            Add(customer, 1);
            return true;
        }
    }

    /// <summary>Whether there is a place for the customer now.</summary>
    public bool HasRoomFor(string customer, int quota = int.MaxValue)
    {
        lock (_lock)
        {
            return IsRoomFor(customer, quota);
        }
    }

    /// <summary>Reserves a place, even if there is none.</summary>
    public void Reserve(string customer)
    {
        lock (_lock)
        {
            Add(customer, 1);
        }
    }

    /// <summary>Ends a reservation.</summary>
    public void Release(string customer)
    {
        lock (_lock)
        {
            Add(customer, -1);
        }
    }

    /// <summary>Makes a reservation another customer's. False: there is no place for that customer, and nothing has changed.</summary>
    public bool TryMove(string from, string to, int quota = int.MaxValue)
    {
        lock (_lock)
        {
            if (!IsRoomFor(to, quota))
            {
                return false;
            }

            Add(from, -1);
            Add(to, 1);
            return true;
        }
    }

    /// <summary>How many places each customer has that has any, now.</summary>
    public IReadOnlyCollection<KeyValuePair<string, int>> Counts
    {
        get
        {
            lock (_lock)
            {
                return [.. _reserved];
            }
        }
    }

    /// <summary>How many places a customer has.</summary>
    public int Of(string customer)
    {
        lock (_lock)
        {
            return _reserved.GetValueOrDefault(customer);
        }
    }

    private bool IsRoomFor(string customer, int quota)
    {
        var reserved = _reserved.GetValueOrDefault(customer);
        return reserved < quota && reserved < _left;
    }

    private void Add(string customer, int places)
    {
        _left -= places;
        var reserved = _reserved.GetValueOrDefault(customer) + places;
        if (reserved == 0)
        {
            _reserved.Remove(customer);
        }
        else
        {
            _reserved[customer] = reserved;
        }
    }
}
