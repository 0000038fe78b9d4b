using System.Diagnostics.CodeAnalysis;

namespace SyncCluster.Execution.Local;

/// <summary>
/// Who is next: the oldest entry of the customer that has the fewest running here, among equals of the one whose oldest entry has waited longest. A
/// customer that floods the queue delays the others by no more than the runs it had begun. An entry costs O(log customers). Not for several threads.
/// </summary>
internal sealed class FairQueue<T>
{
    private readonly Dictionary<string, Customer> _customers = new(StringComparer.Ordinal);

    /// <summary>Those that have entries. What the order depends on changes only while a customer is not in it.</summary>
    private readonly SortedSet<Customer> _waiting = new(Comparer<Customer>.Create(
        (one, other) => (one.Running, one.Oldest).CompareTo((other.Running, other.Oldest))));

    private long _arrivals;

    public void Enqueue(string name, T item)
    {
        if (!_customers.TryGetValue(name, out var customer))
        {
            _customers[name] = customer = new Customer(name);
        }

        customer.Entries.Enqueue((_arrivals++, item));
        if (customer.Entries.Count == 1)
        {
            _waiting.Add(customer);
        }
    }

    public bool IsEmpty => _waiting.Count == 0;

    /// <summary>Takes the next one, which counts as running until <see cref="Ended"/>.</summary>
    /// <param name="item">What was taken.</param>
    /// <param name="below">Its customer must have fewer than that running.</param>
    public bool TryDequeue([MaybeNullWhen(false)] out T item, int below = int.MaxValue)
    {
        if (_waiting.Min is not { } customer || customer.Running >= below)
        {
            item = default;
            return false;
        }

        _waiting.Remove(customer);
        item = customer.Entries.Dequeue().Item;
        customer.Running++;
        if (customer.Entries.Count > 0)
        {
            _waiting.Add(customer);
        }

        return true;
    }

    /// <summary>One of the customer's that ran does so no more.</summary>
    public void Ended(string name)
    {
        var customer = _customers[name];
        _waiting.Remove(customer);
        customer.Running--;
        if (customer.Entries.Count > 0)
        {
            _waiting.Add(customer);
        }
        else if (customer.Running == 0)
        {
            _customers.Remove(customer.Name);
        }
    }

    private sealed class Customer(string name)
    {
        public string Name => name;

        public Queue<(long Arrival, T Item)> Entries { get; } = new();

        public int Running { get; set; }

        /// <summary>Differs among those that have entries; what has none is in no order.</summary>
        public long Oldest => Entries.TryPeek(out var oldest) ? oldest.Arrival : -1;
    }
}
