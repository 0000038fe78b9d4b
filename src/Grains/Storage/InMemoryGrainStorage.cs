using System.Globalization;
using Microsoft.Extensions.Caching.Memory;
using Orleans.Storage;

namespace SyncCluster.Storage;

/// <summary>
/// Grain storage in the memory of this process, for the embedded mode. It has compare-and-swap by ETag like a storage over the network and, unlike
/// Orleans' memory storage, expiry and a size limit. Records must be immutable: the stored object is the written one.
/// </summary>
/// <param name="options">The limits.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="storedBytes">From what is counted there, records that expire or are evicted are subtracted.</param>
internal sealed class InMemoryGrainStorage(InMemoryStorageOptions options, TimeProvider timeProvider, StoredBytes? storedBytes = null)
    : IGrainStorage, IDisposable
{
    /// <summary>The part of the limit that is freed at once: to choose what is evicted takes a look at all entries.</summary>
    private const double FreedPart = 0.1;

    private readonly MemoryCache _cache = new(new MemoryCacheOptions { Clock = new SystemClockAdapter(timeProvider) });
    private readonly Lock _swap = new();
    private long _size;
    private long _version;
    private int _isEvicting;

    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var entry = _cache.Get<Entry>((stateName, grainId));
        if (entry is not null)
        {
            entry.LastUsed = timeProvider.GetTimestamp();
        }

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
            var key = (stateName, grainId);
            var replaced = RequireSame(key, grainState.ETag);
            var entry = new Entry(key, grainState.State!, NextETag()) { LastUsed = timeProvider.GetTimestamp() };
            Interlocked.Add(ref _size, entry.Size);
            if (replaced?.TryDrop() == true)
            {
                Interlocked.Add(ref _size, -replaced.Size);
            }

            _cache.Set(key, entry, new MemoryCacheEntryOptions
            {
                AbsoluteExpirationRelativeToNow = options.Expiry,
                PostEvictionCallbacks = { new() { EvictionCallback = DropExpired } },
            });
            grainState.ETag = entry.ETag;
            grainState.RecordExists = true;
        }

        if (Interlocked.Read(ref _size) > options.SizeLimit)
        {
            Evict();
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_swap)
        {
            var key = (stateName, grainId);
            if (RequireSame(key, grainState.ETag) is { } cleared)
            {
                // Who clears it subtracts it.
                if (cleared.TryDrop())
                {
                    Interlocked.Add(ref _size, -cleared.Size);
                }

                _cache.Remove(key);
            }
        }

        grainState.State = default!;
        grainState.ETag = null;
        grainState.RecordExists = false;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => _cache.Dispose();

    /// <returns>The stored entry; null if there is none.</returns>
    private Entry? RequireSame((string, GrainId Id) key, string? etag)
    {
        var stored = _cache.Get<Entry>(key);
        return stored?.ETag == etag
            ? stored
            : throw new InconsistentStateException($"{key.Id} was changed by another write.", stored?.ETag ?? "", etag ?? "");
    }

    private void Evict()
    {
        if (Interlocked.Exchange(ref _isEvicting, 1) == 1)
        {
            return;
        }

        try
        {
            // The lock is not held for the choice, so an entry may have been replaced since.
            var entries = _cache.Keys.Select(key => _cache.Get<Entry>(key)).OfType<Entry>().ToArray();
            var limit = (long)(options.SizeLimit * (1 - FreedPart));
            foreach (var entry in FairEviction.Choose(entries, Interlocked.Read(ref _size) - limit))
            {
                lock (_swap)
                {
                    if (ReferenceEquals(_cache.Get<Entry>(entry.Key), entry))
                    {
                        Drop(entry);
                        _cache.Remove(entry.Key);
                    }
                }
            }
        }
        finally
        {
            Volatile.Write(ref _isEvicting, 0);
        }
    }

    private void DropExpired(object key, object? value, EvictionReason reason, object? state)
    {
        if (reason == EvictionReason.Expired)
        {
            Drop((Entry)value!);
        }
    }

    private void Drop(Entry entry)
    {
        if (entry.TryDrop())
        {
            Interlocked.Add(ref _size, -entry.Size);
            if (entry.Size > 0)
            {
                storedBytes?.Add(entry.Customer, -entry.Size);
            }
        }
    }

    private string NextETag() => (++_version).ToString(CultureInfo.InvariantCulture);

    private sealed class Entry((string StateName, GrainId Id) key, object state, string etag) : IEvictionCandidate
    {
        private readonly IEvictable? _evictable = state as IEvictable;
        private long _lastUsed;
        private int _isDropped;

        public (string StateName, GrainId Id) Key => key;

        public object State => state;

        public string ETag => etag;

        public string Customer => _evictable?.Customer ?? "";

        public long Size => _evictable?.Size ?? 0;

        public bool MayBeEvicted => _evictable?.MayBeEvicted == true;

        public long LastUsed
        {
            get => Volatile.Read(ref _lastUsed);
            set => Volatile.Write(ref _lastUsed, value);
        }

        /// <summary>True once: the entry counts no more.</summary>
        public bool TryDrop() => Interlocked.Exchange(ref _isDropped, 1) == 0;
    }
}
