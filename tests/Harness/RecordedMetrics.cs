using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using SyncCluster.Telemetry;

namespace SyncCluster.Harness;

/// <summary>Instruments of a test's own, and what they were told.</summary>
internal sealed class RecordedMetrics : IMeterFactory
{
    private readonly ConcurrentQueue<string> _values = new();
    private readonly ConcurrentBag<Meter> _meters = [];
    private readonly ConcurrentDictionary<string, long> _counted = new();
    private readonly MeterListener _listener = new();

    public RecordedMetrics()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (_meters.Contains(instrument.Meter))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, $"{value}", tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => RecordCount(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, FormattableString.Invariant($"{value:0.###}"), tags));
        _listener.Start();
        Metrics = new(this);
    }

    public ServerMetrics Metrics { get; }

    /// <summary>What was recorded since the last time, gauges read now included: <c>name value unit tag=value</c>.</summary>
    public string[] Take()
    {
        _listener.RecordObservableInstruments();
        var taken = new List<string>();
        while (_values.TryDequeue(out var value))
        {
            taken.Add(value);
        }

        return [.. taken];
    }

    /// <summary>The one value of a metric without attributes.</summary>
    public double Take(string name) => double.Parse(
        Take().Single(value => value.StartsWith($"{name} ", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var meter in _meters)
        {
            meter.Dispose();
        }
    }

    /// <summary>A counter that is read tells what it has counted in all.</summary>
    private void RecordCount(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var more = instrument is ObservableCounter<long> ? value - _counted.GetValueOrDefault(Text(instrument, "", tags)) : value;
        _counted[Text(instrument, "", tags)] = value;
        if (more != 0)
        {
            Record(instrument, $"{more}", tags);
        }
    }

    private void Record(Instrument instrument, string value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _values.Enqueue(Text(instrument, value, tags));

    private static string Text(Instrument instrument, string value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        string.Join(' ', [instrument.Name, value, instrument.Unit!, .. tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}")]);
}
