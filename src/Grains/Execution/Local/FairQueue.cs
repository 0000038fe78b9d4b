using System.Diagnostics.CodeAnalysis;

namespace SyncCluster.Execution.Local;

/// <summary>
/// A queue that is fair between customers. Next is the oldest entry of the customer that has the fewest entries running. Among equals it is the
/// customer whose oldest entry has waited longest. A customer that floods the queue delays the others only by the entries that it already runs. An
/// operation costs O(log customers). Not thread-safe.
/// </summary>
internal sealed class FairQueue<T>
{
    private readonly Dictionary<string, Customer> _customers = new(StringComparer.Ordinal);

    /// <summary>The customers that have entries. The values that determine the order change only while a customer is not in the set.</summary>
    private readonly SortedSet<Customer> _waiting = new(Comparer<Customer>.Create(
        (one, other) => (one.Running, one.OldestArrival).CompareTo((other.Running, other.OldestArrival))));

    private long _arrivals;

    /// <summary>How many entries wait.</summary>
    public int Count { get; private set; }

    public bool IsEmpty => Count == 0;

    public void Enqueue(string name, T item)
    {
        if (!_customers.TryGetValue(name, out var customer))
        {
            _customers[name] = customer = new Customer(name);
        }

        customer.Entries.Enqueue((_arrivals++, item));
        Count++;
        if (customer.Entries.Count == 1)
        {
            _waiting.Add(customer);
        }
    }

    /// <summary>Takes the next entry, which counts as running until <see cref="Ended"/>.</summary>
    /// <param name="item">The entry.</param>
    /// <param name="runningLimit">No entry is taken if its customer has so many running.</param>
    public bool TryDequeue([MaybeNullWhen(false)] out T item, int runningLimit = int.MaxValue)
    {
        if (_waiting.Min is not { } customer || customer.Running >= runningLimit)
        {
            item = default;
            return false;
        }

        _waiting.Remove(customer);
        item = customer.Entries.Dequeue().Item;
        Count--;
        customer.Running++;
        if (customer.Entries.Count > 0)
        {
            _waiting.Add(customer);
        }

        return true;
    }

    /// <summary>A running entry of the customer has ended.</summary>
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

        /// <summary>The arrival of the oldest entry: unique among the customers that have entries.</summary>
        public long OldestArrival => Entries.TryPeek(out var oldest) ? oldest.Arrival : -1;
    }
}
