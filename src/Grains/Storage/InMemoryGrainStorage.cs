using System.Globalization;
using Microsoft.Extensions.Caching.Memory;
using Orleans.Storage;

namespace SyncCluster.Storage;

/// <summary>
/// Grain storage in the memory of this process, for the embedded mode. It has compare-and-swap by ETag like a storage over the network and, unlike
/// Orleans' memory storage, expiry and a size limit. Records must be immutable: the stored object is the written one.
/// </summary>
internal sealed class InMemoryGrainStorage : IGrainStorage, IDisposable
{
    private readonly InMemoryStorageOptions _options;
    private readonly MemoryCache _cache;
    private readonly Lock _swap = new();
    private long _size;
    private long _version;

    public InMemoryGrainStorage(InMemoryStorageOptions options, TimeProvider timeProvider)
    {
        _options = options;
        _cache = new MemoryCache(new MemoryCacheOptions { Clock = new SystemClockAdapter(timeProvider) });
    }

    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var entry = _cache.Get<Entry>((stateName, grainId));
        grainState.State = entry is null ? default! : (T)entry.State;
        grainState.ETag = entry?.ETag;
        grainState.RecordExists = entry is not null;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_swap)
        {
            RequireSame(stateName, grainId, grainState.ETag);
            var entry = new Entry(grainState.State!, NextETag());
            var keep = grainState.State is not IEvictable { MayBeEvicted: true };
            Interlocked.Add(ref _size, entry.Size);
            _cache.Set((stateName, grainId), entry, new MemoryCacheEntryOptions
            {
                AbsoluteExpirationRelativeToNow = _options.Expiry,
                Priority = keep ? CacheItemPriority.NeverRemove : CacheItemPriority.Normal,
                PostEvictionCallbacks = { new() { EvictionCallback = (_, value, _, _) => Interlocked.Add(ref _size, -((Entry)value!).Size) } },
            });
            grainState.ETag = entry.ETag;
            grainState.RecordExists = true;
        }

        if (Interlocked.Read(ref _size) > _options.SizeLimit)
        {
            _cache.Compact(0.1);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_swap)
        {
            RequireSame(stateName, grainId, grainState.ETag);
            _cache.Remove((stateName, grainId));
        }

        grainState.State = default!;
        grainState.ETag = null;
        grainState.RecordExists = false;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => _cache.Dispose();

    private void RequireSame(string stateName, GrainId grainId, string? etag)
    {
        var stored = _cache.Get<Entry>((stateName, grainId))?.ETag;
        if (stored != etag)
        {
            throw new InconsistentStateException($"{grainId} was changed by another write.", stored ?? "", etag ?? "");
        }
    }

    private string NextETag() => (++_version).ToString(CultureInfo.InvariantCulture);

    private sealed record Entry(object State, string ETag)
    {
        public long Size { get; } = State is IEvictable evictable ? evictable.Size : 0;
    }
}
