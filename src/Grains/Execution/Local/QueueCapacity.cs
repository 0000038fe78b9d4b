namespace SyncCluster.Execution.Local;

/// <summary>
/// The capacity of this silo's queue. When it is used up, a customer that uses less than its share, the limit divided by the number of customers, may
/// still reserve, until twice the limit is used. So a customer that has filled the queue does not keep the others out, and gets nothing more until
/// they have their share.
/// </summary>
internal sealed class QueueCapacity(int limit)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _reserved = new(StringComparer.Ordinal);
    private int _total;

    /// <summary>Reserves one job's capacity. False: the queue is full for this customer.</summary>
    public bool TryReserve(string customer)
    {
        lock (_lock)
        {
            var reserved = _reserved.GetValueOrDefault(customer);
            var customers = _reserved.Count + (reserved == 0 ? 1 : 0);
            if (_total >= limit && (_total >= 2 * limit || reserved * (long)customers >= limit))
            {
                return false;
            }

            Add(customer, 1);
            return true;
        }
    }

    /// <summary>Reserves one job's capacity, even if the queue is full.</summary>
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

    private void Add(string customer, int jobs)
    {
        _total += jobs;
        var reserved = _reserved.GetValueOrDefault(customer) + jobs;
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
