using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace SyncCluster.Telemetry;

/// <summary>
/// Counts what happens with each call, by kinds, for a counter that is read when somebody asks. Counting is an addition, where each measurement that
/// is passed on has its attributes looked up. A kind that has not happened has no value.
/// </summary>
/// <param name="attributes">The attributes of a kind.</param>
internal sealed class Tally<TKind>(Func<TKind, KeyValuePair<string, object?>[]> attributes)
    where TKind : notnull
{
    private readonly ConcurrentDictionary<TKind, StrongBox<long>> _counts = new();

    public void Add(TKind kind) => Interlocked.Increment(ref _counts.GetOrAdd(kind, static _ => new()).Value);

    public IEnumerable<Measurement<long>> Read() =>
        _counts.Select(count => new Measurement<long>(Volatile.Read(ref count.Value.Value), attributes(count.Key)));
}
