namespace SyncCluster.Storage;

/// <summary>
/// Chooses what is evicted when memory runs short: always of the customer that then holds most, its least recently used entry first. So a customer that
/// stores much does not have others' answers forgotten.
/// </summary>
internal static class FairEviction
{
    /// <param name="entries">All entries, those that may not be evicted included.</param>
    /// <param name="bytes">How much is to be freed. Less is chosen if there is not so much that may be evicted.</param>
    public static IEnumerable<T> Choose<T>(IEnumerable<T> entries, long bytes)
        where T : IEvictionCandidate
    {
        var customers = entries.GroupBy(entry => entry.Customer).Select(group => new
        {
            Bytes = group.Sum(entry => entry.Size),
            Oldest = new Queue<T>(group.Where(entry => entry.MayBeEvicted).OrderBy(entry => entry.LastUsed)),
        });
        var largest = new PriorityQueue<(Queue<T> Oldest, long Bytes), long>(
            customers.Select(customer => ((customer.Oldest, customer.Bytes), -customer.Bytes)));
        while (bytes > 0 && largest.TryDequeue(out var customer, out _))
        {
            if (customer.Oldest.TryDequeue(out var entry))
            {
                yield return entry;
                bytes -= entry.Size;
                var left = customer.Bytes - entry.Size;
                largest.Enqueue((customer.Oldest, left), -left);
            }
        }
    }
}

/// <summary>An entry that <see cref="FairEviction"/> may choose.</summary>
internal interface IEvictionCandidate
{
    string Customer { get; }

    long Size { get; }

    bool MayBeEvicted { get; }

    /// <summary>A timestamp.</summary>
    long LastUsed { get; }
}
