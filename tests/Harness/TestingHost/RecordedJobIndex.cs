using System.Collections.Concurrent;
using SyncCluster.Jobs.Listing;

namespace SyncCluster.Harness;

/// <summary>An index of jobs in memory, whose writes fail or wait as the test says.</summary>
internal sealed class RecordedJobIndex : IJobIndex
{
    private readonly ConcurrentDictionary<(string Customer, JobEntry Entry), byte> _entries = new();
    private int _waiting;
    private int _failingAdds;

    /// <summary>How many of the next entries can't be written.</summary>
    public int FailingAdds
    {
        get => _failingAdds;
        set => _failingAdds = value;
    }

    /// <summary>Whether changes are lost.</summary>
    public bool ChangesFail { get; set; }

    /// <summary>Writes of entries wait until it has completed.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>How many writes wait.</summary>
    public int Waiting => _waiting;

    /// <summary>The entries of a job.</summary>
    public IReadOnlyList<JobEntry> Of(string jobId) => [.. _entries.Keys.Select(key => key.Entry).Where(entry => entry.Position.JobId == jobId)];

    public async Task AddAsync(string customer, JobEntry entry)
    {
        if (Interlocked.Decrement(ref _failingAdds) >= 0)
        {
            throw new TimeoutException("The entry was not written.");
        }

        Interlocked.Increment(ref _waiting);
        await Gate;
        Interlocked.Decrement(ref _waiting);
        _entries[(customer, entry)] = 0;
    }

    public void Change(string customer, JobEntry? removed, JobEntry? added)
    {
        if (ChangesFail)
        {
            return;
        }

        if (added is { } right)
        {
            _entries[(customer, right)] = 0;
        }

        if (removed is { } wrong)
        {
            _entries.TryRemove((customer, wrong), out _);
        }
    }

    public Task<FoundEntries> FindAsync(
        string customer, JobFilter filter, JobSpan span, int limit, Func<JobEntry, bool>? isLeftOut = null)
    {
        var found = _entries.Keys
            .Where(key => key.Customer == customer && filter.Admits(key.Entry) && span.Includes(key.Entry.Position))
            .Select(key => key.Entry)
            .Order(Comparer<JobEntry>.Create((one, other) => span.Compare(one.Position, other.Position)))
            .Where(entry => isLeftOut?.Invoke(entry) != true)
            .Take(limit)
            .ToArray();
        return Task.FromResult(new FoundEntries(found, found.Length == limit ? found[^1].Position : null));
    }

    public Task<IReadOnlyCollection<string>> FindCustomersAsync() =>
        Task.FromResult<IReadOnlyCollection<string>>(_entries.Keys.Select(key => key.Customer).ToHashSet());
}
