using SyncCluster.Placement;

namespace SyncCluster.Tasks;

/// <summary>
/// What is stored of a grain of the catalog. While the membership changes, Orleans' directory may give such a grain a second activation, and keep that one though
/// the first one has stored a change since. So it is read again once that may have happened.
/// </summary>
/// <param name="stored">As Orleans reads it before the grain's first message.</param>
/// <param name="owners">How this silo sees the cluster.</param>
internal sealed class CatalogState<T>(IPersistentState<T> stored, JobOwners owners)
    where T : class
{
    private ReadMark? _read = owners.Mark();

    /// <summary>As last read or written; null if nothing is stored, or if the outcome of a write is not known.</summary>
    public T? Known => _read is not null && stored.RecordExists ? stored.State : null;

    /// <summary>As it is stored; null if nothing is. A change by another activation may be missed for a second, or for a minute if its silo was taken for dead.</summary>
    /// <exception cref="Exception">Storage can't be reached.</exception>
    public ValueTask<T?> GetAsync() => _read is { } read && !owners.IsOutdated(read) ? new(Known) : new(ReadAsync());

    /// <summary>As it is stored now; null if nothing is.</summary>
    /// <exception cref="Exception">Storage can't be reached.</exception>
    public async Task<T?> ReadAsync()
    {
        var begun = owners.Mark();
        await stored.ReadStateAsync();
        _read = begun;
        return Known;
    }

    /// <summary>Stores it. If that fails, it is read again before it is used.</summary>
    /// <param name="state">What to store.</param>
    /// <exception cref="Exception">Storage can't be reached, or another activation has stored a change.</exception>
    public Task SetAsync(T state)
    {
        stored.State = state;
        return WriteAsync(stored.WriteStateAsync);
    }

    /// <summary>Deletes what is stored, as <see cref="SetAsync"/>.</summary>
    public Task ClearAsync() => WriteAsync(stored.ClearStateAsync);

    private async Task WriteAsync(Func<Task> write)
    {
        var begun = owners.Mark();
        _read = null;
        await write();
        _read = begun;
    }
}
