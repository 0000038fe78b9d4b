using System.Globalization;

namespace SyncCluster.Harness;

/// <summary>Metrics as a Prometheus reads them.</summary>
internal sealed class PrometheusText(string text)
{
    private readonly string[] _samples = [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#')];

    /// <summary>The sum of a metric's values that have all these labels, such as <c>outcome="answered"</c>; 0 if there is none.</summary>
    public double Sum(string name, params string[] labels) => _samples
        .Where(sample => sample.StartsWith($"{name}{{", StringComparison.Ordinal) && labels.All(label => sample.Contains(label, StringComparison.Ordinal)))
        .Sum(sample => double.Parse(sample[(sample.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    /// <summary>Whether there is a value of the metric.</summary>
    public bool Has(string name) => _samples.Any(sample => sample.StartsWith($"{name}{{", StringComparison.Ordinal));
}
