using System.Collections.Concurrent;
using System.Diagnostics;
using SyncCluster.Telemetry;

namespace SyncCluster.Harness.Telemetry;

/// <summary>Records the server's spans of this process.</summary>
internal sealed class RecordedSpans : IDisposable
{
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivitySource _source = new(nameof(RecordedSpans));
    private readonly ActivityListener _listener;

    public RecordedSpans()
    {
        _listener = new()
        {
            ShouldListenTo = source => source.Name is ServerTraces.SourceName || source == _source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Starts a span of a trace of its own, and makes it the current one.</summary>
    public Activity Start(string name)
    {
        Activity.Current = null;
        return _source.StartActivity(name)!;
    }

    /// <summary>Those of a name that have ended.</summary>
    public IReadOnlyList<Activity> Ended(string name) => [.. _ended.Where(span => span.OperationName == name)];

    public void Dispose()
    {
        _listener.Dispose();
        _source.Dispose();
    }
}
