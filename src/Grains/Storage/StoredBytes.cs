using System.Collections.Concurrent;

namespace SyncCluster.Storage;

/// <summary>
/// How many bytes the jobs of each customer take in the storage, roughly. A silo adds what it writes. In one process the storage subtracts what expires and
/// what it evicts. The silos of a cluster share their counts, in which what has expired no longer counts.
/// </summary>
internal sealed class StoredBytes
{
    private readonly ConcurrentDictionary<string, long> _added = new(StringComparer.Ordinal);
    private volatile IReadOnlyDictionary<string, long> _shared = new Dictionary<string, long>();

    /// <summary>A record of a customer's job was written or dropped.</summary>
    /// <param name="customer">The customer.</param>
    /// <param name="bytes">By how much its records have grown.</param>
    public void Add(string customer, long bytes) => _added.AddOrUpdate(customer, static (_, more) => more, static (_, sum, more) => sum + more, bytes);

    /// <summary>A record was removed before it would have expired.</summary>
    /// <param name="customer">Its customer.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="writtenAt">When it was written: where counts expire, it is subtracted from the count that it is in.</param>
    public void Remove(string customer, long bytes, DateTimeOffset writtenAt)
    {
        if (OnRemoved is { } subtract)
        {
            subtract(customer, bytes, writtenAt);
        }
        else
        {
            Add(customer, -bytes);
        }
    }

    /// <summary>Where counts expire, what takes a removed record: its customer, its size, and when it was written.</summary>
    public Action<string, long, DateTimeOffset>? OnRemoved { get; set; }

    /// <summary>The customers that may have any.</summary>
    public IEnumerable<string> Customers => _shared.Keys.Union(_added.Keys);

    /// <summary>How many bytes a customer has.</summary>
    public long Of(string customer) => Math.Max(0, _shared.GetValueOrDefault(customer) + _added.GetValueOrDefault(customer));

    /// <summary>Whether a customer has its share of all stored bytes, or more.</summary>
    public bool HasShare(string customer)
    {
        var others = Customers.Where(other => other != customer).Select(Of).Where(bytes => bytes > 0).ToArray();
        return Of(customer) >= others.Sum() / Math.Max(1, others.Length);
    }

    /// <summary>Takes what was added since the last time. It must be shared, or added again.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> TakeAdded() =>
        [.. _added.Keys.Select(customer => _added.TryRemove(customer, out var bytes) ? KeyValuePair.Create(customer, bytes) : default).Where(added => added.Value != 0)];

    /// <summary>Sets what all silos of the cluster have added.</summary>
    public void Share(IReadOnlyDictionary<string, long> bytes) => _shared = bytes;
}
