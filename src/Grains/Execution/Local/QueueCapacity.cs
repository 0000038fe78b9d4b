namespace SyncCluster.Execution.Local;

/// <summary>
/// The places of this silo's queue. When all are taken, a customer that holds less than its share of them, the limit divided by the customers that
/// hold any, gets one all the same, until twice as many are taken: whoever has filled the queue keeps nobody else out, and gets no more itself until
/// the others have their share.
/// </summary>
internal sealed class QueueCapacity(int limit)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _held = new(StringComparer.Ordinal);
    private int _taken;

    /// <summary>Takes a place, if the customer may have one.</summary>
    public bool TryTake(string customer)
    {
        lock (_lock)
        {
            var held = _held.GetValueOrDefault(customer);
            var customers = _held.Count + (held == 0 ? 1 : 0);
            if (_taken >= limit && (_taken >= 2 * limit || held * (long)customers >= limit))
            {
                return false;
            }

            Add(customer, 1);
            return true;
        }
    }

    /// <summary>Takes a place, full or not.</summary>
    public void Take(string customer)
    {
        lock (_lock)
        {
            Add(customer, 1);
        }
    }

    public void GiveBack(string customer)
    {
        lock (_lock)
        {
            Add(customer, -1);
        }
    }

    private void Add(string customer, int places)
    {
        _taken += places;
        var held = _held.GetValueOrDefault(customer) + places;
        if (held == 0)
        {
            _held.Remove(customer);
        }
        else
        {
            _held[customer] = held;
        }
    }
}
