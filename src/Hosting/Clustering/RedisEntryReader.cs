using System.Runtime.CompilerServices;
using StackExchange.Redis;
using SyncCluster.Jobs.Listing;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// The entries of one sorted set of the index that a search is for, in its order. They are read a chunk at a time, larger ones as the search goes on; while one
/// is gone through, the next one is on its way.
/// </summary>
internal sealed class RedisEntryReader
{
    private const int FirstChunk = 128;

    /// <summary>Redis does nothing else while it reads one, which takes about a millisecond.</summary>
    private const int LastChunk = 4096;

    private readonly IDatabase _database;
    private readonly RedisKey _key;
    private readonly JobFilter _filter;
    private readonly bool _isAscending;
    private RedisValue _from;
    private RedisValue _to;
    private int _size = FirstChunk;
    private RedisValue[] _chunk = [];
    private int _at;
    private Task<RedisValue[]>? _next;

    /// <summary>Has the first chunk read.</summary>
    /// <param name="database">The cluster's Redis.</param>
    /// <param name="key">The set.</param>
    /// <param name="filter">Which entries are wanted.</param>
    /// <param name="span">Where to begin, and in which direction to go.</param>
    public RedisEntryReader(IDatabase database, RedisKey key, JobFilter filter, JobSpan span)
    {
        (_database, _key, _filter, _isAscending) = (database, key, filter, span.IsAscending);
        var (from, to) = span.BoundsIn(filter);
        (_from, _to) = (from, to);
        _next = from.AsSpan().SequenceCompareTo(to) < 0 ? ReadAsync(Exclude.Stop) : null;
    }

    /// <summary>How many entries were looked at.</summary>
    public int Searched { get; private set; }

    /// <summary>The entry that was moved to.</summary>
    public JobEntry Current { get; private set; }

    /// <summary>Moves to the next entry.</summary>
    /// <returns>False: there are no more.</returns>
    /// <exception cref="RedisException">Redis can't be reached.</exception>
    public ValueTask<bool> MoveNextAsync() => TryMoveNext() ? ValueTask.FromResult(true) : TakeChunkAsync();

    // Searches are rare, and each goes through many entries: most would be done before the runtime compiles this well by itself.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryMoveNext()
    {
        while (_at < _chunk.Length)
        {
            if (((ReadOnlyMemory<byte>)_chunk[_at++]).Span is { Length: JobEntry.Length } bytes && _filter.Admits(bytes))
            {
                Current = JobEntry.Read(bytes);
                return true;
            }
        }

        return false;
    }

    private async ValueTask<bool> TakeChunkAsync()
    {
        while (_next is { } next)
        {
            (_chunk, _at, _next) = (await next, 0, null);
            Searched += _chunk.Length;
            if (_chunk.Length == _size)
            {
                (_from, _to) = _isAscending ? (_chunk[^1], _to) : (_from, _chunk[^1]);
                _size = Math.Min(4 * _size, LastChunk);
                _next = ReadAsync(_isAscending ? Exclude.Both : Exclude.Stop);
            }

            if (TryMoveNext())
            {
                return true;
            }
        }

        return false;
    }

    private Task<RedisValue[]> ReadAsync(Exclude exclude)
    {
        var chunk = _database.SortedSetRangeByValueAsync(
            _key, _from, _to, exclude, _isAscending ? Order.Ascending : Order.Descending, skip: 0, take: _size);

        // The search may end before.
        chunk.Ignore();
        return chunk;
    }
}
