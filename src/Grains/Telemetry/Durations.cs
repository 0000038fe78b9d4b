using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace SyncCluster.Telemetry;

/// <summary>
/// How long it takes what happens with each call, by kinds, for a histogram. Durations are kept, and passed on many at once: when there are enough of them,
/// and when somebody reads. To pass on a single one takes code and memory that nothing else of a call uses, and costs several times as much.
/// </summary>
/// <param name="histogram">The instrument.</param>
/// <param name="attributes">The attributes of a kind.</param>
internal sealed class Durations<TKind>(Histogram<double> histogram, Func<TKind, KeyValuePair<string, object?>[]> attributes)
    where TKind : notnull
{
    private readonly ConcurrentDictionary<TKind, Kept> _kinds = new();

    /// <summary>Notes that one has taken so long. Nothing is kept while nobody listens.</summary>
    public void Add(TKind kind, TimeSpan duration)
    {
        if (!histogram.Enabled)
        {
            return;
        }

        if (ServerTraces.Recorded is not null)
        {
            // An exemplar names the span that is current.
            histogram.Record(duration.TotalSeconds, attributes(kind));
            return;
        }

        _kinds.GetOrAdd(kind, static (kind, durations) => durations.NewKept(kind), this).Add(duration.TotalSeconds);
    }

    /// <summary>Passes on what is kept.</summary>
    public void PassOn()
    {
        foreach (var (_, kept) in _kinds)
        {
            kept.PassOn();
        }
    }

    private Kept NewKept(TKind kind) => new(histogram, attributes(kind));

    private sealed class Kept(Histogram<double> histogram, KeyValuePair<string, object?>[] attributes)
    {
        private readonly Lock _lock = new();
        private readonly double[] _seconds = new double[128];
        private int _count;

        public void Add(double seconds)
        {
            lock (_lock)
            {
                _seconds[_count++] = seconds;
                if (_count == _seconds.Length)
                {
                    Record();
                }
            }
        }

        public void PassOn()
        {
            lock (_lock)
            {
                Record();
            }
        }

        private void Record()
        {
            var count = _count;
            _count = 0;
            foreach (var seconds in _seconds.AsSpan(0, count))
            {
                histogram.Record(seconds, attributes);
            }
        }
    }
}
